// What an LSTM saves: its activated gates, in program order, and nothing else.
// RUN: rnncc-opt %s -rnn-autodiff -canonicalize -cse | FileCheck %s

// The two gates here stand for the four: C is a state, which backward can read,
// and tanh(C) is cheaper to compute again than to load.
// CHECK-LABEL: rnn.cell @LSTM
//       CHECK:   rnn.tensor @tape.0 tape
//  CHECK-NEXT:   rnn.tensor @tape.1 tape
//  CHECK-NEXT:   rnn.scan forward
//       CHECK:     %[[F:.*]] = rnn.sigmoid
//       CHECK:     %[[G:.*]] = math.tanh
//       CHECK:     rnn.write @C, %[[C:.*]] :
//       CHECK:     math.tanh %[[C]]
//       CHECK:     rnn.write @tape.0, %[[F]]
//  CHECK-NEXT:     rnn.write @tape.1, %[[G]]
//  CHECK-NEXT:   }
//       CHECK:   rnn.scan backward
//       CHECK:     %[[READ:.*]] = rnn.read @C :
//       CHECK:     math.tanh %[[READ]]
//   CHECK-NOT:     math.tanh
//   CHECK-NOT:     rnn.sigmoid
//       CHECK:     rnn.accumulate @W_g, %[[DG:.*]] outer
//       CHECK:     rnn.accumulate @W_f, %[[DF:.*]] outer
//       CHECK:     rnn.write @carry.h.1
//       CHECK:     rnn.write @carry.C.1
rnn.cell @LSTM outputs [@h] sizes {H = 4 : i64} {
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @C state : tensor<4xf32>
  rnn.tensor @W_f param : tensor<4x4xf32>
  rnn.tensor @W_g param : tensor<4x4xf32>
  rnn.scan forward {
    %h1 = rnn.read @h[1] : tensor<4xf32>
    %W_f = rnn.read @W_f : tensor<4x4xf32>
    %pf = rnn.matvec %W_f, %h1 : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    %f = rnn.sigmoid %pf : tensor<4xf32>
    %W_g = rnn.read @W_g : tensor<4x4xf32>
    %pg = rnn.matvec %W_g, %h1 : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
    %g = math.tanh %pg : tensor<4xf32>
    %C1 = rnn.read @C[1] : tensor<4xf32>
    %kept = arith.mulf %f, %C1 : tensor<4xf32>
    %C = arith.addf %kept, %g : tensor<4xf32>
    rnn.write @C, %C : tensor<4xf32>
    %t = math.tanh %C : tensor<4xf32>
    %h = arith.mulf %f, %t : tensor<4xf32>
    rnn.write @h, %h : tensor<4xf32>
  }
}
