// A matrix that differs from step to step becomes the vector of its rows, and
// parameters stay what they are in products.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-matrices-to-vectors),canonicalize)' | FileCheck %s

// Elementwise ops, rows and numbers; a parameter is read as a vector.
// CHECK-LABEL: rnn.cell @Elementwise
//       CHECK:   rnn.scan
//   CHECK-DAG:   %[[M:.*]] = rnn.read @M[1] : tensor<12xf32>
//   CHECK-DAG:   %[[B:.*]] = rnn.read @B : tensor<12xf32>
//   CHECK-DAG:   %[[S:.*]] = rnn.splat %{{.*}} : tensor<f32> -> tensor<12xf32>
//       CHECK:   %[[E:.*]] = math.exp %[[M]] : tensor<12xf32>
//       CHECK:   %[[P:.*]] = arith.mulf %[[E]], %[[S]]
//       CHECK:   %[[A:.*]] = arith.addf %[[P]], %[[B]]
//       CHECK:   %[[C:.*]] = arith.cmpf ogt, %[[A]], %{{.*}} : tensor<12xf32>
//       CHECK:   %[[W:.*]] = arith.select %[[C]], %[[A]], %[[M]] : tensor<12xi1>
//       CHECK:   %[[TOP:.*]] = rnn.slice %[[W]][0] : tensor<12xf32> -> tensor<3xf32>
//       CHECK:   %[[REST:.*]] = rnn.slice %[[A]][3] : tensor<12xf32> -> tensor<9xf32>
//       CHECK:   %[[R:.*]] = rnn.concat %[[REST]], %[[TOP]]
//       CHECK:   rnn.write @M, %[[R]] : tensor<12xf32>
//   CHECK-NOT:   4x3
rnn.cell @Elementwise outputs [@M] sizes {} {
  rnn.tensor @s input : tensor<f32>
  rnn.tensor @M state : tensor<4x3xf32>
  rnn.tensor @B param : tensor<4x3xf32>
  rnn.scan forward {
    %s = rnn.read @s : tensor<f32>
    %m = rnn.read @M[1] : tensor<4x3xf32>
    %b = rnn.read @B : tensor<4x3xf32>
    %f = rnn.splat %s : tensor<f32> -> tensor<4x3xf32>
    %e = math.exp %m : tensor<4x3xf32>
    %p = arith.mulf %e, %f : tensor<4x3xf32>
    %a = arith.addf %p, %b : tensor<4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<4x3xf32>
    %c = arith.cmpf ogt, %a, %zero : tensor<4x3xf32>
    %w = arith.select %c, %a, %m : tensor<4x3xi1>, tensor<4x3xf32>
    %top = rnn.slice %w[0, 0] : tensor<4x3xf32> -> tensor<1x3xf32>
    %rest = rnn.slice %a[1, 0] : tensor<4x3xf32> -> tensor<3x3xf32>
    %r = rnn.concat %rest, %top : tensor<3x3xf32>, tensor<1x3xf32> -> tensor<4x3xf32>
    rnn.write @M, %r : tensor<4x3xf32>
  }
}

// Products take an operand that stands transposed; of two, one is transposed.
// CHECK-LABEL: rnn.cell @Products
//       CHECK:   rnn.scan
//   CHECK-DAG:   %[[M:.*]] = rnn.read @M[1] : tensor<12xf32>
//   CHECK-DAG:   %[[W:.*]] = rnn.read @W : tensor<4x3xf32>
//   CHECK-DAG:   %[[X:.*]] = rnn.read @x : tensor<3xf32>
//   CHECK-DAG:   %[[V:.*]] = rnn.read @v : tensor<4xf32>
//   CHECK-DAG:   %[[A:.*]] = rnn.step_matmul %[[M]], %[[W]] transposed inner 3 : tensor<12xf32>, tensor<4x3xf32> -> tensor<16xf32>
//   CHECK-DAG:   rnn.write @A, %[[A]]
//   CHECK-DAG:   %[[T:.*]] = rnn.step_transpose %[[M]] rows 4 : tensor<12xf32>
//   CHECK-DAG:   %[[B:.*]] = rnn.step_matmul %[[T]], %[[A]] transposed inner 4 : tensor<12xf32>, tensor<16xf32> -> tensor<12xf32>
//   CHECK-DAG:   rnn.write @B, %[[B]]
//   CHECK-DAG:   %[[C:.*]] = rnn.step_matmul %[[X]], %[[M]] transposed inner 3 : tensor<3xf32>, tensor<12xf32> -> tensor<4xf32>
//   CHECK-DAG:   rnn.write @c, %[[C]]
//   CHECK-DAG:   %[[O:.*]] = rnn.step_matmul %[[V]], %[[X]] inner 1 : tensor<4xf32>, tensor<3xf32> -> tensor<12xf32>
//   CHECK-DAG:   rnn.write @M, %[[O]]
rnn.cell @Products outputs [@A, @B, @c] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @v input : tensor<4xf32>
  rnn.tensor @M state : tensor<4x3xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @A output : tensor<4x4xf32>
  rnn.tensor @B output : tensor<3x4xf32>
  rnn.tensor @c output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %v = rnn.read @v : tensor<4xf32>
    %m = rnn.read @M[1] : tensor<4x3xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    %wt = rnn.transpose %w : tensor<4x3xf32> -> tensor<3x4xf32>
    %a = rnn.matmul %m, %wt : tensor<4x3xf32>, tensor<3x4xf32> -> tensor<4x4xf32>
    rnn.write @A, %a : tensor<4x4xf32>
    %mt = rnn.transpose %m : tensor<4x3xf32> -> tensor<3x4xf32>
    %at = rnn.transpose %a : tensor<4x4xf32> -> tensor<4x4xf32>
    %b = rnn.matmul %mt, %at : tensor<3x4xf32>, tensor<4x4xf32> -> tensor<3x4xf32>
    rnn.write @B, %b : tensor<3x4xf32>
    %c = rnn.matvec %m, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    rnn.write @c, %c : tensor<4xf32>
    %o = rnn.outer %v, %x : tensor<4xf32>, tensor<3xf32> -> tensor<4x3xf32>
    rnn.write @M, %o : tensor<4x3xf32>
  }
}
