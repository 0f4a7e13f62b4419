// CHECK: nobody reads this
