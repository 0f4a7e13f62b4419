// A staged cell becomes the functions that a program calls; the cell stays.
// RUN: rnncc-opt %s --rnn-lower-cells=cpu=avx2 | FileCheck %s
// RUN: not rnncc-opt %s --rnn-lower-cells=cpu=mips 2>&1 | FileCheck %s --check-prefix=CPU

// CPU: error: no kernels for the CPU level 'mips'

// One module is of one architecture, and says of which.
// RUN: not rnncc-opt %s --rnn-lower-cells=cpu=avx2,wasm32 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: rnncc-opt %s --rnn-lower-cells=cpu=wasm32 | FileCheck %s --check-prefix=WASM
// TWO: error: no module holds levels of two architectures, 'avx2' and 'wasm32'
// WASM: llvm.target_triple = "wasm32-unknown-unknown"
// WASM: func.func @sum_weights_bytes() -> i32
// WASM-NOT: rnn_cpu_level
// WASM: func.func @sum_step(
// Two numbers and five pointers, then four arrays.
// WASM: memcpy{{.*}} (!llvm.ptr, !llvm.ptr, i32)

// CHECK: rnn.cell @Sum
// CHECK: func.func private @sum_weights_bytes.avx2() -> i64
// CHECK: func.func private @sum_pack_on_team.avx2(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CHECK: func.func private @sum_tape_bytes.avx2(%{{.*}}: i64, %{{.*}}: i64) -> i64
// CHECK: func.func private @sum_forward_scratch_bytes.avx2
// CHECK: func.func private @sum_backward_scratch_bytes.avx2
// CHECK: func.func private @sum_forward_body.avx2
// CHECK-SAME: ["rnn-section", ".text.sum_forward.avx2"]
// CHECK-SAME: ["target-features", "{{.*}}+fma{{.*}}"]
// Vectors of eight in the loop over rows; the tail of four units is masked where
// the caller's rows end.
// CHECK: llvm.intr.masked.load{{.*}}vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: llvm.intr.masked.store
// CHECK: func.func private @sum_forward.avx2(%{{.*}}: !llvm.ptr) -> i32
// CHECK: func.func private @sum_backward.avx2

// What a program calls asks for the level, and goes there or says that it
// cannot.
// CHECK: func.func private @rnn_cpu_level() -> i32
// CHECK: llvm.inline_asm {{.*}}cpuid
// CHECK: func.func @sum_weights_bytes() -> i64
// CHECK: func.func @sum_forward(%[[CALL:.*]]: !llvm.ptr) -> i32
// CHECK: %[[REFUSED:.*]] = arith.constant 6 : i32
// CHECK: %[[LEVEL:.*]] = {{.*}}call @rnn_cpu_level
// CHECK: arith.cmpi sge, %[[LEVEL]], %c1_i32
// CHECK: call @sum_forward.avx2(%[[CALL]])
// CHECK: scf.yield %[[REFUSED]]
// CHECK: func.func @sum_step
// CHECK: call @sum_forward(
// CHECK: func.func @sum_backward
rnn.cell @Sum outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
  rnn.tensor @grad.x input_gradient of @x : tensor<4xf32>
  rnn.tensor @carry.h.1 carry of @h : tensor<4xf32>
  rnn.scan forward {
    rnn.stage step units(4) {
      %x = rnn.read @x : tensor<4xf32>
      %h = rnn.read @h[1] : tensor<4xf32>
      %s = arith.addf %x, %h : tensor<4xf32>
      rnn.write @h, %s : tensor<4xf32>
    }
  }
  rnn.scan backward {
    rnn.stage step units(4) {
      %g = rnn.read @grad.h : tensor<4xf32>
      %c = rnn.read @carry.h.1[1] : tensor<4xf32>
      %s = arith.addf %g, %c : tensor<4xf32>
      rnn.write @grad.x, %s : tensor<4xf32>
      rnn.write @carry.h.1, %s : tensor<4xf32>
    }
  }
}
