// A product is not computed twice: its result is saved where it is needed.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// The square and what is made of it by cheap arithmetic are not.
// CHECK-LABEL: rnn.cell @Square
//       CHECK:   rnn.scan forward
//       CHECK:     %[[U:.*]] = rnn.matvec
//       CHECK:     rnn.write @tape.0, %[[U]]
//   CHECK-NOT:     rnn.write @tape
//       CHECK:   rnn.scan backward
//       CHECK:     rnn.read @tape.0
//   CHECK-NOT:     rnn.matvec %
rnn.cell @Square outputs [@h] sizes {H = 4 : i64} {
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x4xf32>
  rnn.scan forward {
    %h1 = rnn.read @h[1] : tensor<4xf32>
    %W = rnn.read @W : tensor<4x4xf32>
    %u = rnn.matvec %W, %h1 : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    %h = arith.mulf %u, %u : tensor<4xf32>
    rnn.write @h, %h : tensor<4xf32>
  }
}

// A gradient of a slice goes to its place in the parameter.
// CHECK-LABEL: rnn.cell @Sliced
//       CHECK:   rnn.scan backward
//       CHECK:     rnn.accumulate @W at [0, 4], %{{.*}} outer
rnn.cell @Sliced outputs [@h] sizes {H = 4 : i64} {
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x8xf32>
  rnn.scan forward {
    %h1 = rnn.read @h[1] : tensor<4xf32>
    %W = rnn.read @W : tensor<4x8xf32>
    %V = rnn.slice %W[0, 4] : tensor<4x8xf32> -> tensor<4x4xf32>
    %h = rnn.matvec %V, %h1 : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @h, %h : tensor<4xf32>
  }
}
