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
