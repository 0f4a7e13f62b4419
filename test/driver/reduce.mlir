// rnncc-reduce keeps what a script finds interesting, and runs our passes to get there.
// RUN: rnncc-reduce %s --reduction-tree='traversal-mode=0 test=%S/inputs/has-exp.sh' -o - 2>/dev/null | FileCheck %s
// RUN: rnncc-reduce %s --opt-reduction-pass='opt-pass=rnn.cell(rnn-form-affine) test=%S/inputs/has-exp.sh' -o - | FileCheck %s --check-prefix=PASS

// CHECK-NOT: rnn.matvec
//     CHECK: math.exp
// CHECK-NOT: rnn.cell

//     PASS: rnn.cell @Interesting
//     PASS: math.exp
//     PASS: rnn.cell @Product
// PASS-NOT: rnn.matvec
//     PASS: rnn.affine
rnn.cell @Interesting outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %y = math.exp %x : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

rnn.cell @Product outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @V param : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %w = rnn.read @W : tensor<4x4xf32>
    %v = rnn.read @V : tensor<4x4xf32>
    %p = rnn.matvec %w, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    %q = rnn.matvec %v, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    %y = arith.addf %p, %q : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
