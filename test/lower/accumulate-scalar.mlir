// The gradient of a scalar, with the offsets that a scalar has: none.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-build-stages),rnn-lower-cells{cpu=avx2})' | FileCheck %s

// CHECK: func.func {{.*}}backward
rnn.cell @C outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @b param : tensor<f32>
  rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    rnn.write @h, %x : tensor<4xf32>
  }
  rnn.scan backward {
    %d = rnn.read @grad.h : tensor<4xf32>
    %s = rnn.reduce_sum %d : tensor<4xf32> -> tensor<f32>
    rnn.accumulate @b at [], %s : tensor<f32>
  }
}
