// A product of the input runs before the loop, the state in it, what the loop does not
// need after it.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-form-affine,rnn-build-stages))' | FileCheck %s

// CHECK-LABEL: rnn.cell @Leaky
//       CHECK:   %[[P:.*]] = rnn.stage before units(4) : tensor<4xf32>
//       CHECK:     rnn.affine
//       CHECK:   rnn.stage step units(4)
//   CHECK-NOT:     rnn.affine
//       CHECK:     %[[H:.*]] = rnn.read @h[1]
//       CHECK:     arith.addf
//       CHECK:     rnn.write @h
//       CHECK:   rnn.stage after units(2)
//       CHECK:     rnn.affine
//       CHECK:     rnn.write @y
//   CHECK-NOT:   rnn.stage
rnn.cell @Leaky outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @V param : tensor<2x4xf32>
  rnn.tensor @y output : tensor<2xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %h = rnn.read @h[1] : tensor<4xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    %v = rnn.read @V : tensor<2x4xf32>
    %p = rnn.matvec %w, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    %s = arith.addf %h, %p : tensor<4xf32>
    rnn.write @h, %s : tensor<4xf32>
    %y = rnn.matvec %v, %s : tensor<2x4xf32>, tensor<4xf32> -> tensor<2xf32>
    rnn.write @y, %y : tensor<2xf32>
  }
}

// A matrix that two vectors and a scalar spread out to is made where it is used, not
// kept for all steps; what is multiplied by the state is multiplied in the loop, and
// what it is multiplied with exists by then.
// CHECK-LABEL: rnn.cell @Memory
//       CHECK:   rnn.stage before units(4) : tensor<4xf32>, tensor<4xf32>
//   CHECK-NOT:   units(16)
//       CHECK:   rnn.stage step units(16) : tensor<16xf32> {
//   CHECK-DAG:     rnn.splat
//   CHECK-DAG:     rnn.step_matmul {{.*}} inner 1
//       CHECK:     rnn.write @C
//       CHECK:   rnn.stage step units(4)
//       CHECK:     rnn.step_matmul {{.*}} transposed inner 4
//       CHECK:     rnn.write @y
rnn.cell @Memory outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @s input : tensor<f32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @V param : tensor<4x3xf32>
  rnn.tensor @C state : tensor<4x4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %s = rnn.read @s : tensor<f32>
    %w = rnn.read @W : tensor<4x3xf32>
    %v = rnn.read @V : tensor<4x3xf32>
    %c = rnn.read @C[1] : tensor<16xf32>
    %k = rnn.affine terms (%w) (%x) transposed [false]
        : (tensor<4x3xf32>), (tensor<3xf32>) -> tensor<4xf32>
    %q = rnn.affine terms (%v) (%x) transposed [false]
        : (tensor<4x3xf32>), (tensor<3xf32>) -> tensor<4xf32>
    %e = math.exp %s : tensor<f32>
    %f = rnn.splat %e : tensor<f32> -> tensor<16xf32>
    %o = rnn.step_matmul %k, %k inner 1 : tensor<4xf32>, tensor<4xf32> -> tensor<16xf32>
    %p = arith.mulf %f, %o : tensor<16xf32>
    %n = arith.addf %c, %p : tensor<16xf32>
    rnn.write @C, %n : tensor<16xf32>
    %y = rnn.step_matmul %q, %n transposed inner 4
        : tensor<4xf32>, tensor<16xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
