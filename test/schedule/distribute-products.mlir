// Products with expressions of matrices become products with parameters and slices
// of them.
// RUN: rnncc-opt %s -split-input-file --pass-pipeline='builtin.module(rnn.cell(rnn-distribute-products),canonicalize)' | FileCheck %s

// A multiple of the step, a difference with a transpose: two products.
// CHECK-LABEL: rnn.cell @Sum
//   CHECK-DAG:   %[[X:.*]] = rnn.read @x
//   CHECK-DAG:   %[[W:.*]] = rnn.read @W
//       CHECK:   %[[P:.*]] = rnn.matvec %[[W]], %[[X]]
//       CHECK:   arith.mulf %{{.*}}, %[[P]]
//       CHECK:   rnn.matvec transposed %[[W]], %[[X]]
//       CHECK:   arith.subf
rnn.cell @Sum outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @s input : tensor<f32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %s = rnn.read @s : tensor<f32>
    %w = rnn.read @W : tensor<4x4xf32>
    %factor = rnn.splat %s : tensor<f32> -> tensor<4x4xf32>
    %a = arith.mulf %w, %factor : tensor<4x4xf32>
    %t = rnn.transpose %w : tensor<4x4xf32> -> tensor<4x4xf32>
    %m = arith.subf %a, %t : tensor<4x4xf32>
    %y = rnn.matvec %m, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// -----

// One row of a product of matrices needs one row of the left one.
// CHECK-LABEL: rnn.cell @Row
//       CHECK:   %[[B:.*]] = rnn.read @B
//       CHECK:   %[[A:.*]] = rnn.slice %{{.*}}[3, 0] : tensor<5x2xf32> -> tensor<1x2xf32>
//       CHECK:   %[[IN:.*]] = rnn.matvec %[[B]], %{{.*}} : tensor<2x4xf32>, tensor<4xf32> -> tensor<2xf32>
//       CHECK:   rnn.matvec %[[A]], %[[IN]] : tensor<1x2xf32>, tensor<2xf32> -> tensor<1xf32>
rnn.cell @Row outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @A param : tensor<5x2xf32>
  rnn.tensor @B param : tensor<2x4xf32>
  rnn.tensor @y output : tensor<1xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %a = rnn.read @A : tensor<5x2xf32>
    %b = rnn.read @B : tensor<2x4xf32>
    %m = rnn.matmul %a, %b : tensor<5x2xf32>, tensor<2x4xf32> -> tensor<5x4xf32>
    %r = rnn.slice %m[3, 0] : tensor<5x4xf32> -> tensor<1x4xf32>
    %y = rnn.matvec %r, %x : tensor<1x4xf32>, tensor<4xf32> -> tensor<1xf32>
    rnn.write @y, %y : tensor<1xf32>
  }
}

// -----

// A sum of sums is multiplied once per vector, not once per path.
// CHECK-LABEL: rnn.cell @Deep
// CHECK-COUNT-1: rnn.matvec
//   CHECK-NOT: rnn.matvec
rnn.cell @Deep outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<3x4xf32>
  rnn.tensor @y output : tensor<3xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %w = rnn.read @W : tensor<3x4xf32>
    %a = arith.addf %w, %w : tensor<3x4xf32>
    %b = arith.addf %a, %a : tensor<3x4xf32>
    %c = arith.addf %b, %b : tensor<3x4xf32>
    %y = rnn.matvec %c, %x : tensor<3x4xf32>, tensor<4xf32> -> tensor<3xf32>
    rnn.write @y, %y : tensor<3xf32>
  }
}

// -----

// A matrix that differs from step to step is multiplied as it is, also where it is
// a sum, if it has to be made anyway.
// CHECK-LABEL: rnn.cell @Made
//   CHECK-DAG:   %[[X:.*]] = rnn.read @x
//   CHECK-DAG:   %[[C:.*]] = rnn.read @C[1]
//       CHECK:   %[[S:.*]] = arith.addf %[[C]], %[[C]] : tensor<4x4xf32>
//       CHECK:   rnn.write @C, %[[S]]
//       CHECK:   rnn.matvec transposed %[[S]], %[[X]]
//       CHECK:   %[[E:.*]] = math.exp %[[C]] : tensor<4x4xf32>
//       CHECK:   rnn.matvec %[[E]], %[[X]]
rnn.cell @Made outputs [@y, @z] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @C state : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @z output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %c = rnn.read @C[1] : tensor<4x4xf32>
    %s = arith.addf %c, %c : tensor<4x4xf32>
    rnn.write @C, %s : tensor<4x4xf32>
    %t = rnn.transpose %s : tensor<4x4xf32> -> tensor<4x4xf32>
    %y = rnn.matvec %t, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
    %e = math.exp %c : tensor<4x4xf32>
    %z = rnn.matvec %e, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @z, %z : tensor<4xf32>
  }
}

// -----

// Nothing else needs the sum: a product with the state, one with the parameter, and
// an outer product comes down to a dot product.
// CHECK-LABEL: rnn.cell @Apart
//   CHECK-DAG:   %[[X:.*]] = rnn.read @x
//   CHECK-DAG:   %[[C:.*]] = rnn.read @C[1]
//   CHECK-DAG:   %[[W:.*]] = rnn.read @W
//   CHECK-DAG:   rnn.matvec %[[C]], %[[X]]
//   CHECK-DAG:   rnn.matvec %[[W]], %[[X]]
//   CHECK-DAG:   %[[P:.*]] = arith.mulf %[[X]], %[[X]] : tensor<4xf32>
//   CHECK-DAG:   rnn.reduce_sum %[[P]]
//   CHECK-NOT:   rnn.outer
//       CHECK:   rnn.write @y
rnn.cell @Apart outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @C state : tensor<4x4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %c = rnn.read @C[1] : tensor<4x4xf32>
    %w = rnn.read @W : tensor<4x4xf32>
    %o = rnn.outer %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4x4xf32>
    %s = arith.addf %c, %w : tensor<4x4xf32>
    %m = arith.subf %s, %o : tensor<4x4xf32>
    %y = rnn.matvec %m, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
    rnn.write @C, %c : tensor<4x4xf32>
  }
}
