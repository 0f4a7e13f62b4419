// A product with a concatenation becomes products with its parts, also of a slice
// of a parameter and transposed.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-split-products))' | FileCheck %s

// CHECK-LABEL: rnn.cell @Split
//   CHECK-NOT:   rnn.concat
//       CHECK:   %[[WA:.*]] = rnn.slice %{{.*}}[1, 0] : tensor<9x5xf32> -> tensor<2x5xf32>
//       CHECK:   rnn.matvec transposed %[[WA]], %{{.*}} : tensor<2x5xf32>, tensor<2xf32> -> tensor<5xf32>
//       CHECK:   %[[WB:.*]] = rnn.slice %{{.*}}[3, 0] : tensor<9x5xf32> -> tensor<3x5xf32>
//       CHECK:   rnn.matvec transposed %[[WB]], %{{.*}} : tensor<3x5xf32>, tensor<3xf32> -> tensor<5xf32>
//       CHECK:   arith.addf
rnn.cell @Split outputs [@y] sizes {} {
  rnn.tensor @a input : tensor<2xf32>
  rnn.tensor @b input : tensor<3xf32>
  rnn.tensor @W param : tensor<9x5xf32>
  rnn.tensor @y output : tensor<5xf32>
  rnn.scan forward {
    %a = rnn.read @a : tensor<2xf32>
    %b = rnn.read @b : tensor<3xf32>
    %whole = rnn.read @W : tensor<9x5xf32>
    %w = rnn.slice %whole[1, 0] : tensor<9x5xf32> -> tensor<5x5xf32>
    %c = rnn.concat %a, %b : tensor<2xf32>, tensor<3xf32> -> tensor<5xf32>
    %y = rnn.matvec transposed %w, %c : tensor<5x5xf32>, tensor<5xf32> -> tensor<5xf32>
    rnn.write @y, %y : tensor<5xf32>
  }
}
