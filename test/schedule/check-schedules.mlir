// A directive for one level that it cannot do is an error; for all levels, a remark
// where some of them cannot.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(rnn.cell(rnn-check-schedules{cpu=avx2,avx512}))' -verify-diagnostics -split-input-file

rnn.cell @Remark outputs [] sizes {} {
  rnn.tensor @x input : tensor<48xf32>
  rnn.tensor @y output : tensor<48xf32>
  // expected-remark @+1 {{not done on avx2: the sums of 4 rows of 6 vectors take 24 registers; avx2 has 12 for them}}
  rnn.schedule "tile" ["units", "batch"] [48, 4] of 48 on "cpu"
  // This level is not made.
  rnn.schedule "vectorize" ["units"] [32] on "x86-64"
  rnn.scan forward {
    rnn.stage before units(48) {
      %x = rnn.read @x : tensor<48xf32>
      rnn.write @y, %x : tensor<48xf32>
      rnn.yield
    }
  }
}

// -----

rnn.cell @Error outputs [] sizes {} {
  rnn.tensor @x input : tensor<48xf32>
  // expected-error @+1 {{avx2 has vectors of 4 to 8 units, in powers of two [illegal-schedule]}}
  rnn.schedule "vectorize" ["units"] [6] on "avx2"
  rnn.scan forward {
  }
}
