// What has no influence on an output gets a zero gradient, and costs nothing.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// The parameter gets no accumulate: gradients are added to. The input's gradient
// is overwritten, so it is written.
// CHECK-LABEL: rnn.cell @Unused
//       CHECK:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<3xf32>
//       CHECK:   rnn.scan backward
//   CHECK-NOT:     rnn.accumulate
//   CHECK-NOT:     rnn.matvec
//       CHECK:     rnn.write @grad.x, %[[ZERO]]
rnn.cell @Unused outputs [@h] sizes {H = 4 : i64, I = 3 : i64} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %W = rnn.read @W : tensor<4x3xf32>
    %u = rnn.matvec %W, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    rnn.write @y, %u : tensor<4xf32>
    %h1 = rnn.read @h[1] : tensor<4xf32>
    rnn.write @h, %h1 : tensor<4xf32>
  }
}

// Nothing goes through stop_gradient, and nothing is saved for it.
// CHECK-LABEL: rnn.cell @Stopped
//   CHECK-NOT:   tape
//       CHECK:   rnn.scan backward
//   CHECK-NOT:     rnn.accumulate
rnn.cell @Stopped outputs [@h] sizes {H = 4 : i64} {
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @b param : tensor<4xf32>
  rnn.scan forward {
    %b = rnn.read @b : tensor<4xf32>
    %e = math.exp %b : tensor<4xf32>
    %s = rnn.stop_gradient %e : tensor<4xf32>
    %h1 = rnn.read @h[1] : tensor<4xf32>
    %h = arith.addf %h1, %s : tensor<4xf32>
    rnn.write @h, %h : tensor<4xf32>
  }
}

// What only the gradient of an input needs that nobody wants is not saved.
// CHECK-LABEL: rnn.cell part @Unwanted
//   CHECK-NOT:   tape
//       CHECK:   rnn.scan backward
//  CHECK-NEXT:     %[[G:.*]] = rnn.read @grad.y
//  CHECK-NEXT:     rnn.accumulate @b, %[[G]]
//  CHECK-NEXT:   }
rnn.cell part @Unwanted outputs [@y] sizes {H = 4 : i64} {
  rnn.tensor @x input no_gradient : tensor<4xf32>
  rnn.tensor @b param : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %b = rnn.read @b : tensor<4xf32>
    %r = rnn.reduce_sum %x : tensor<4xf32> -> tensor<f32>
    %s = rnn.splat %r : tensor<f32> -> tensor<4xf32>
    %t = math.tanh %s : tensor<4xf32>
    %y = arith.addf %t, %b : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// A scalar is saved, not the vector that it fills.
// CHECK-LABEL: rnn.cell @Filled
//       CHECK:   rnn.tensor @tape.0 tape : tensor<f32>
//   CHECK-NOT:   rnn.tensor @tape.1
//       CHECK:   rnn.scan backward
//       CHECK:     %[[SUM:.*]] = rnn.read @tape.0 : tensor<f32>
//       CHECK:     rnn.splat %[[SUM]]
rnn.cell @Filled outputs [@y] sizes {H = 4 : i64} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %r = rnn.reduce_sum %x : tensor<4xf32> -> tensor<f32>
    %s = rnn.splat %r : tensor<f32> -> tensor<4xf32>
    %y = arith.mulf %x, %s : tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
