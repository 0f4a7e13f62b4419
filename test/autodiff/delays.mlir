// A state that is read at two delays has a carry for each.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// CHECK-LABEL: rnn.cell @Delays
//       CHECK:   rnn.tensor @carry.h.1 carry of @h :
//       CHECK:   rnn.tensor @carry.h.2 carry of @h delay 2 :
//       CHECK:   rnn.scan backward
//       CHECK:     %[[FROM1:.*]] = rnn.read @carry.h.1[1]
//       CHECK:     %[[SUM:.*]] = arith.addf %{{.*}}, %[[FROM1]]
//       CHECK:     %[[FROM2:.*]] = rnn.read @carry.h.2[2]
//       CHECK:     %[[D:.*]] = arith.addf %[[SUM]], %[[FROM2]]
//   CHECK-DAG:     rnn.write @carry.h.1, %[[D]]
//   CHECK-DAG:     rnn.write @carry.h.2, %[[D]]
rnn.cell @Delays outputs [@h] sizes {H = 4 : i64} {
  rnn.tensor @h state delay 2 : tensor<4xf32>
  rnn.scan forward {
    %h1 = rnn.read @h[1] : tensor<4xf32>
    %h2 = rnn.read @h[2] : tensor<4xf32>
    %h = arith.addf %h1, %h2 : tensor<4xf32>
    rnn.write @h, %h : tensor<4xf32>
  }
}
