// Products that are added up become one op; what no earlier step enters is apart.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-split-products,rnn-form-affine))' | FileCheck %s

// CHECK-LABEL: rnn.cell @Gate
//       CHECK:   %[[B:.*]] = rnn.read @b
//   CHECK-DAG:   %[[WH:.*]] = rnn.slice %{{.*}}[0, 0] : tensor<4x7xf32> -> tensor<4x4xf32>
//   CHECK-DAG:   %[[WX:.*]] = rnn.slice %{{.*}}[0, 4] : tensor<4x7xf32> -> tensor<4x3xf32>
//       CHECK:   %[[PRE:.*]] = rnn.affine start %[[B]] : tensor<4xf32> terms(%[[WX]]) (%{{.*}}) {{.*}}(tensor<3xf32>)
//       CHECK:   %[[G:.*]] = rnn.affine start %[[PRE]] : tensor<4xf32> terms(%[[WH]]) (%{{.*}}) {{.*}}(tensor<4xf32>)
//   CHECK-NOT:   rnn.matvec
//       CHECK:   rnn.write @h, %[[G]]
rnn.cell @Gate outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<3xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x7xf32>
  rnn.tensor @b param : tensor<4xf32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<3xf32>
    %h = rnn.read @h[1] : tensor<4xf32>
    %b = rnn.read @b : tensor<4xf32>
    %w = rnn.read @W : tensor<4x7xf32>
    // W @ [h, x]: columns 0 to 4 of W belong to h, the rest to x.
    %c = rnn.concat %h, %x : tensor<4xf32>, tensor<3xf32> -> tensor<7xf32>
    %p = rnn.matvec %w, %c : tensor<4x7xf32>, tensor<7xf32> -> tensor<4xf32>
    %g = arith.addf %p, %b : tensor<4xf32>
    rnn.write @h, %g : tensor<4xf32>
  }
}
