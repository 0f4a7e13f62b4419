// Transcendental functions of vectors become arithmetic, with one division at most.
// RUN: rnncc-opt %s --pass-pipeline='builtin.module(func.func(rnn-expand-math))' | FileCheck %s

// CHECK-LABEL: func @sigmoid
//       CHECK:   llvm.intr.fma
// CHECK-COUNT-1: arith.divf
//   CHECK-NOT:   arith.divf
//   CHECK-NOT:   rnn.sigmoid
//       CHECK:   return
func.func @sigmoid(%x: vector<16xf32>) -> vector<16xf32> {
  %y = rnn.sigmoid %x : vector<16xf32>
  return %y : vector<16xf32>
}

// Limits are compare and select, so that NaN goes through.
// CHECK-LABEL: func @tanh
//   CHECK-NOT:   arith.maximumf
//   CHECK-NOT:   arith.minimumf
//       CHECK:   arith.cmpf olt
//       CHECK:   arith.select
// CHECK-COUNT-1: arith.divf
//   CHECK-NOT:   math.tanh
//       CHECK:   return
func.func @tanh(%x: vector<8xf64>) -> vector<8xf64> {
  %y = math.tanh %x : vector<8xf64>
  return %y : vector<8xf64>
}

// What processors have is left alone.
// CHECK-LABEL: func @sqrt
//       CHECK:   math.sqrt
func.func @sqrt(%x: vector<8xf64>) -> vector<8xf64> {
  %y = math.sqrt %x : vector<8xf64>
  return %y : vector<8xf64>
}

// An angle is reduced in f64: near a multiple of pi / 2 most of it cancels.
// CHECK-LABEL: func @sin
//       CHECK:   arith.extf
// CHECK-COUNT-5: llvm.intr.fma{{.*}} -> vector<8xf64>
//       CHECK:   arith.truncf
//   CHECK-NOT:   math.sin
//       CHECK:   return
func.func @sin(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.sin %x : vector<8xf32>
  return %y : vector<8xf32>
}
