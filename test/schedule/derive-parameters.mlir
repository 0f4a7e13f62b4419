// What depends on parameters alone moves to a setup, but for what a product can take
// apart again.
// RUN: rnncc-opt %s -split-input-file --pass-pipeline='builtin.module(rnn.cell(rnn-derive-parameters))' | FileCheck %s

// A derived value of a derived one is made where that is made; repeating a scalar
// stays in the scan.
// CHECK-LABEL: rnn.cell @Vectors
//       CHECK:   rnn.tensor @derived.0 derived : tensor<4xf32>
//       CHECK:   rnn.tensor @derived.1 derived : tensor<4xf32>
//       CHECK:   rnn.tensor @derived.2 derived : tensor<f32>
//       CHECK:   rnn.setup forward
//       CHECK:     %[[A:.*]] = math.exp
//       CHECK:     rnn.write @derived.0, %[[A]]
//       CHECK:     %[[B:.*]] = arith.negf %[[A]]
//       CHECK:     rnn.write @derived.1, %[[B]]
//       CHECK:     rnn.write @derived.2
//       CHECK:   rnn.scan forward
//   CHECK-NOT:     math.exp
//       CHECK:     %[[S:.*]] = rnn.read @derived.2 : tensor<f32>
//       CHECK:     rnn.splat %[[S]]
rnn.cell @Vectors outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @p param : tensor<4xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %p = rnn.read @p : tensor<4xf32>
    %a = math.exp %p : tensor<4xf32>
    %b = arith.negf %a : tensor<4xf32>
    %s = rnn.reduce_sum %a : tensor<4xf32> -> tensor<f32>
    %c = rnn.splat %s : tensor<f32> -> tensor<4xf32>
    %0 = arith.mulf %a, %x : tensor<4xf32>
    %1 = arith.addf %0, %b : tensor<4xf32>
    %2 = arith.addf %1, %c : tensor<4xf32>
    rnn.write @y, %2 : tensor<4xf32>
  }
}

// -----

// A multiple of a product of narrow matrices.
// CHECK-LABEL: rnn.cell @Apart
//   CHECK-NOT:   rnn.setup
rnn.cell @Apart outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<4x2xf32>
  rnn.tensor @k param : tensor<f32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %w = rnn.read @W : tensor<4x2xf32>
    %k = rnn.read @k : tensor<f32>
    %f = rnn.splat %k : tensor<f32> -> tensor<4x4xf32>
    %t = rnn.transpose %w : tensor<4x2xf32> -> tensor<2x4xf32>
    %m = rnn.matmul %w, %t : tensor<4x2xf32>, tensor<2x4xf32> -> tensor<4x4xf32>
    %n = arith.mulf %m, %f : tensor<4x4xf32>
    %y = rnn.matvec %n, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// -----

// Two wide ones are more work than their product.
// CHECK-LABEL: rnn.cell @Wide
//       CHECK:   rnn.setup
//       CHECK:     %[[M:.*]] = rnn.matmul
//       CHECK:     rnn.write @derived.0, %[[M]]
rnn.cell @Wide outputs [@y] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @W param : tensor<4x3xf32>
  rnn.tensor @y output : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<4xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    %t = rnn.transpose %w : tensor<4x3xf32> -> tensor<3x4xf32>
    %m = rnn.matmul %w, %t : tensor<4x3xf32>, tensor<3x4xf32> -> tensor<4x4xf32>
    %y = rnn.matvec %m, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    rnn.write @y, %y : tensor<4xf32>
  }
}

// -----

// What meets a matrix of the step is needed as it is, a narrow product, too; but for
// an operand of a product, which may stand transposed.
// CHECK-LABEL: rnn.cell @Met
//       CHECK:   rnn.setup
//       CHECK:     %[[M:.*]] = rnn.matmul
//       CHECK:     rnn.write @derived.0, %[[M]]
//       CHECK:   rnn.scan
//   CHECK-DAG:     %[[D:.*]] = rnn.read @derived.0
//   CHECK-DAG:     %[[C:.*]] = rnn.read @C[1]
//       CHECK:     %[[P:.*]] = arith.mulf %[[C]], %[[D]]
//       CHECK:     %[[U:.*]] = rnn.read @U
//       CHECK:     %[[T:.*]] = rnn.transpose %[[U]]
//       CHECK:     rnn.matmul %[[P]], %[[T]]
rnn.cell @Met outputs [@C] sizes {} {
  rnn.tensor @C state : tensor<4x4xf32>
  rnn.tensor @W param : tensor<4x2xf32>
  rnn.tensor @U param : tensor<4x4xf32>
  rnn.scan forward {
    %c = rnn.read @C[1] : tensor<4x4xf32>
    %w = rnn.read @W : tensor<4x2xf32>
    %t = rnn.transpose %w : tensor<4x2xf32> -> tensor<2x4xf32>
    %m = rnn.matmul %w, %t : tensor<4x2xf32>, tensor<2x4xf32> -> tensor<4x4xf32>
    %p = arith.mulf %c, %m : tensor<4x4xf32>
    %u = rnn.read @U : tensor<4x4xf32>
    %v = rnn.transpose %u : tensor<4x4xf32> -> tensor<4x4xf32>
    %y = rnn.matmul %p, %v : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    rnn.write @C, %y : tensor<4x4xf32>
  }
}
