// What a setup reads whole has a name, and what such an op gives has one too.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-split-setups))' | FileCheck %s

// CHECK-LABEL: rnn.cell @Softmax
//       CHECK:   %[[E:.*]] = math.exp
//  CHECK-NEXT:   rnn.write @derived.1, %[[E]]
//       CHECK:   %[[RE:.*]] = rnn.read @derived.1
//       CHECK:   %[[S:.*]] = rnn.reduce_sum %[[RE]]
//  CHECK-NEXT:   rnn.write @derived.2, %[[S]]
//       CHECK:   %[[RS:.*]] = rnn.read @derived.2
//       CHECK:   %[[D:.*]] = rnn.splat %[[RS]]
//       CHECK:   arith.divf %[[E]], %[[D]]
rnn.cell @Softmax outputs [@y] sizes {} {
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @p param : tensor<4xf32>
  rnn.tensor @derived.0 derived : tensor<4xf32>
  rnn.setup forward {
    %p = rnn.read @p : tensor<4xf32>
    %e = math.exp %p : tensor<4xf32>
    %s = rnn.reduce_sum %e : tensor<4xf32> -> tensor<f32>
    %d = rnn.splat %s : tensor<f32> -> tensor<4xf32>
    %q = arith.divf %e, %d : tensor<4xf32>
    rnn.write @derived.0, %q : tensor<4xf32>
  }
  rnn.scan forward {
    %q = rnn.read @derived.0 : tensor<4xf32>
    rnn.write @y, %q : tensor<4xf32>
  }
}
