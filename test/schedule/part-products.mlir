// Products get a stage of their own, and what only passed them on is left out.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-part-products))' | FileCheck %s
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-part-products{steps}))' | FileCheck %s --check-prefix=STEPS

// CHECK-LABEL: rnn.scan forward
//       CHECK:   %[[A:.*]]:2 = rnn.stage before units(4) : tensor<4xf32>, tensor<4xf32> {
//       CHECK:     %[[P:.*]] = rnn.affine terms
//       CHECK:     %[[Q:.*]] = rnn.affine start
//       CHECK:     rnn.yield %[[P]], %[[Q]]
//       CHECK:   rnn.stage before units(4) {
//   CHECK-NOT:     rnn.affine
//       CHECK:     %[[T:.*]] = math.tanh %[[A]]#0
//       CHECK:     rnn.write @y, %[[T]]
//       CHECK:   rnn.stage step units(4) {
//       CHECK:     arith.addf %[[A]]#1,
rnn.cell @Part outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @s param : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %p = rnn.stage before units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<3xf32>
      %w = rnn.read @W : tensor<4x3xf32>
      %a = rnn.affine terms(%w) (%x) transposed [false] : (tensor<4x3xf32>), (tensor<3xf32>) -> tensor<4xf32>
      %s = rnn.read @s : tensor<4xf32>
      %b = rnn.affine start %s : tensor<4xf32> terms(%w) (%x) transposed [false] : (tensor<4x3xf32>), (tensor<3xf32>) -> tensor<4xf32>
      %t = math.tanh %a : tensor<4xf32>
      rnn.write @y, %t : tensor<4xf32>
      rnn.yield %b : tensor<4xf32>
    }
    rnn.stage step units(4) {
      %h = rnn.read @h[1] : tensor<4xf32>
      %s = arith.addf %p, %h : tensor<4xf32>
      rnn.write @h, %s : tensor<4xf32>
    }
  }
}

// What is left of a stage may add to a gradient and give nothing.
// CHECK-LABEL: rnn.cell @Accumulate
//       CHECK:   rnn.scan backward
//       CHECK:   rnn.stage after units(3) : tensor<3xf32> {
//       CHECK:     rnn.affine
//       CHECK:   rnn.stage after units(3) {
//   CHECK-NOT:     rnn.affine
//       CHECK:     rnn.accumulate @b
//       CHECK:   rnn.stage after units(3) {
//       CHECK:     rnn.write @grad.x
rnn.cell @Accumulate outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @b param : tensor<3xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.tensor @grad.y output_gradient of @y : tensor<4xf32>
  rnn.tensor @grad.x input_gradient of @x : tensor<3xf32>
  rnn.scan forward {
  }
  rnn.scan backward {
    %g = rnn.stage after units(3) : tensor<3xf32> {
      %w = rnn.read @W : tensor<4x3xf32>
      %d = rnn.read @grad.y : tensor<4xf32>
      %a = rnn.affine terms(%w) (%d) transposed [true] : (tensor<4x3xf32>), (tensor<4xf32>) -> tensor<3xf32>
      %x = rnn.read @x : tensor<3xf32>
      rnn.accumulate @b, %x : tensor<3xf32>
      rnn.yield %a : tensor<3xf32>
    }
    rnn.stage after units(3) {
      %n = arith.negf %g : tensor<3xf32>
      rnn.write @grad.x, %n : tensor<3xf32>
    }
  }
}

// Asked for, so do products and transposes of matrices of a step, one by one.
//       CHECK: %[[M:.*]] = rnn.step_matmul
//  CHECK-NEXT: math.tanh %[[M]]
// STEPS-LABEL: rnn.cell @Steps
//       STEPS:   %[[A:.*]] = rnn.stage step units(4) : tensor<4xf32> {
//       STEPS:     rnn.step_matmul
//  STEPS-NEXT:     rnn.yield
//       STEPS:   %[[T:.*]] = rnn.stage step units(4) : tensor<4xf32> {
//       STEPS:     rnn.step_transpose
//  STEPS-NEXT:     rnn.yield
//       STEPS:   rnn.stage step units(4) {
//       STEPS:     %[[TANH:.*]] = math.tanh %[[A]]
//       STEPS:     arith.addf %[[TANH]], %[[T]]
rnn.cell @Steps outputs [@h] sizes {} {
  rnn.tensor @h state : tensor<2x2xf32>
  rnn.scan forward {
    rnn.stage step units(4) {
      %h = rnn.read @h[1] : tensor<4xf32>
      %m = rnn.step_matmul %h, %h inner 2 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
      %a = math.tanh %m : tensor<4xf32>
      %t = rnn.step_transpose %h rows 2 : tensor<4xf32>
      %s = arith.addf %a, %t : tensor<4xf32>
      rnn.write @h, %s : tensor<4xf32>
    }
  }
}
