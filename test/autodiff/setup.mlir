// The gradient of a derived matrix is added up like a parameter's, and pulled back to
// the parameters once.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-autodiff))' | FileCheck %s

// CHECK-LABEL: rnn.cell @Squared
//       CHECK:   rnn.tensor @grad.derived.0 derived_gradient of @derived.0 : tensor<4x3xf32>
//       CHECK:   rnn.scan backward
//       CHECK:     rnn.accumulate @derived.0, %{{.*}} outer %{{.*}} : tensor<4xf32>, tensor<3xf32>
//       CHECK:   rnn.setup backward
//       CHECK:     %[[G:.*]] = rnn.read @grad.derived.0
//       CHECK:     %[[V:.*]] = rnn.read @V
//       CHECK:     %[[DW:.*]] = arith.mulf %[[G]], %[[V]]
//       CHECK:     %[[W:.*]] = rnn.read @W
//       CHECK:     %[[DV:.*]] = arith.mulf %[[G]], %[[W]]
//   CHECK-DAG:     rnn.accumulate @V, %[[DV]] : tensor<4x3xf32>
//   CHECK-DAG:     rnn.accumulate @W, %[[DW]] : tensor<4x3xf32>
rnn.cell @Squared outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @V param : tensor<4x3xf32>
  rnn.tensor @derived.0 derived : tensor<4x3xf32>
  rnn.setup forward {
    %w = rnn.read @W : tensor<4x3xf32>
    %v = rnn.read @V : tensor<4x3xf32>
    %p = arith.mulf %w, %v : tensor<4x3xf32>
    rnn.write @derived.0, %p : tensor<4x3xf32>
  }
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %p = rnn.read @derived.0 : tensor<4x3xf32>
    %y = rnn.matvec %p, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// What `stop_gradient` cuts off is not added up either.
// CHECK-LABEL: rnn.cell @Stopped
//   CHECK-NOT:   derived_gradient
//   CHECK-NOT:   rnn.accumulate
rnn.cell @Stopped outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @derived.0 derived : tensor<4x3xf32>
  rnn.setup forward {
    %w = rnn.read @W : tensor<4x3xf32>
    %p = rnn.stop_gradient %w : tensor<4x3xf32>
    rnn.write @derived.0, %p : tensor<4x3xf32>
  }
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %p = rnn.read @derived.0 : tensor<4x3xf32>
    %y = rnn.matvec %p, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}
