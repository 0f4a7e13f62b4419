// A backward scan that holds no derivative: stages are pulled back as they are, products
// are marked. What the loop does not need comes after it.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-adjoint-stages))' | FileCheck %s

// The argument of tanh is kept, since the backend computes tanh again.
// CHECK-LABEL: rnn.scan forward
//       CHECK:   %[[S:.*]] = rnn.affine
//       CHECK:   rnn.write @tape.0, %[[S]]

// CHECK-LABEL: rnn.scan backward
//       CHECK:   %[[SEED:.*]] = rnn.stage step
//   CHECK-DAG:     %[[GRAD:.*]] = rnn.read @grad.h
//   CHECK-DAG:     %[[LATER:.*]] = rnn.read @carry.h.1[1]
//       CHECK:     arith.addf %[[GRAD]], %[[LATER]]
//       CHECK:   %[[D:.*]] = rnn.stage step
//       CHECK:     %[[TAPE:.*]] = rnn.read @tape.0
//       CHECK:     rnn.pullback inputs(%[[TAPE]], %{{.*}}) seeds(%[[SEED]]) wrt [0]
//       CHECK:       math.tanh
//       CHECK:   rnn.stage step units(4) {
//       CHECK:     %[[BACK:.*]] = rnn.affine terms(%{{.*}}) (%[[D]]) transposed [true] {adjoint}
//       CHECK:     rnn.write @carry.h.1, %[[BACK]]
//       CHECK:   rnn.stage after
//       CHECK:     %[[G:.*]] = rnn.pullback {{.*}} seeds(%[[SEED]]) wrt [1]
//       CHECK:     rnn.accumulate @g, %[[G]] {adjoint}
//       CHECK:   %[[X:.*]] = rnn.stage after
//       CHECK:     rnn.pullback {{.*}} seeds(%[[SEED]]) wrt [2]
//       CHECK:   rnn.stage after
//       CHECK:     rnn.accumulate @U, %[[D]] outer %{{.*}} {adjoint}
//       CHECK:   rnn.stage after
//       CHECK:     rnn.write @grad.x, %[[X]]
rnn.cell @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @U param : tensor<4x4xf32>
  rnn.tensor @g param : tensor<4xf32>
  rnn.scan forward {
    %s = rnn.stage step units(4) : tensor<4xf32> {
      %h = rnn.read @h[1] : tensor<4xf32>
      %u = rnn.read @U : tensor<4x4xf32>
      %a = rnn.affine terms(%u) (%h) transposed [false] : (tensor<4x4xf32>), (tensor<4xf32>) -> tensor<4xf32>
      rnn.yield %a : tensor<4xf32>
    }
    rnn.stage step units(4) {
      %g = rnn.read @g : tensor<4xf32>
      %x = rnn.read @x : tensor<4xf32>
      %t = math.tanh %s : tensor<4xf32>
      %m = arith.mulf %t, %g : tensor<4xf32>
      %y = arith.addf %m, %x : tensor<4xf32>
      rnn.write @h, %y : tensor<4xf32>
    }
  }
}
