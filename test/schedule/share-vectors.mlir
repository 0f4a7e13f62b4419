// What a cell makes of rows of a table before and after its loop can be made once for each row.
// RUN: rnncc-opt %s -rnn-share-vectors | FileCheck %s

// The stage after the loop has more to do than what is for the vectors: it becomes two.
// CHECK-LABEL: rnn.cell part @Cell
//       CHECK:   rnn.tensor @x input distinct 9 : tensor<16xf32>
//       CHECK:   rnn.scan forward {
//       CHECK:     rnn.stage before distinct units(4)
//       CHECK:     rnn.stage step units(4) {
//       CHECK:   rnn.scan backward {
//       CHECK:     %[[D:.*]] = rnn.stage step units(4)
//       CHECK:     rnn.stage after units(4) {
//  CHECK-NEXT:       rnn.accumulate @b, %[[D]]
//  CHECK-NEXT:     }
//       CHECK:     rnn.stage after distinct units(4) {
//       CHECK:       %[[X:.*]] = rnn.read @x
//       CHECK:       rnn.accumulate @W, %[[D]] outer %[[X]]
//       CHECK:     rnn.stage after distinct units(16) {
//       CHECK:       %[[G:.*]] = rnn.affine terms({{.*}}) (%[[D]])
//       CHECK:       rnn.write @grad.x, %[[G]]
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<16xf32>
  rnn.tensor @h state : tensor<4xf32>
  rnn.tensor @W param : tensor<4x16xf32>
  rnn.tensor @b param : tensor<4xf32>
  rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
  rnn.tensor @grad.x input_gradient of @x : tensor<16xf32>
  rnn.tensor @carry.h.1 carry of @h : tensor<4xf32>
  rnn.scan forward {
    %p = rnn.stage before units(4) : tensor<4xf32> {
      %b = rnn.read @b : tensor<4xf32>
      %w = rnn.read @W : tensor<4x16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %y = rnn.affine start %b : tensor<4xf32> terms(%w) (%x) transposed [false] : (tensor<4x16xf32>), (tensor<16xf32>) -> tensor<4xf32>
      rnn.yield %y : tensor<4xf32>
    }
    rnn.stage step units(4) {
      %h = rnn.read @h[1] : tensor<4xf32>
      %s = arith.addf %p, %h : tensor<4xf32>
      rnn.write @h, %s : tensor<4xf32>
    }
  }
  rnn.scan backward {
    %d = rnn.stage step units(4) : tensor<4xf32> {
      %g = rnn.read @grad.h : tensor<4xf32>
      %c = rnn.read @carry.h.1[1] : tensor<4xf32>
      %s = arith.addf %g, %c : tensor<4xf32>
      rnn.write @carry.h.1, %s : tensor<4xf32>
      rnn.yield %s : tensor<4xf32>
    }
    rnn.stage after units(4) {
      %x = rnn.read @x : tensor<16xf32>
      rnn.accumulate @W, %d outer %x : tensor<4xf32>, tensor<16xf32>
      rnn.accumulate @b, %d : tensor<4xf32>
    }
    rnn.stage after units(16) {
      %w = rnn.read @W : tensor<4x16xf32>
      %g = rnn.affine terms(%w) (%d) transposed [true] : (tensor<4x16xf32>), (tensor<4xf32>) -> tensor<16xf32>
      rnn.write @grad.x, %g : tensor<16xf32>
    }
  }
}
rnn.model @M outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x16xf32>
  rnn.tensor @W param : tensor<4x16xf32>
  rnn.tensor @b param : tensor<4xf32>
  rnn.tensor @e value : tensor<16xf32>
  rnn.tensor @g value : tensor<16xf32>
  rnn.tensor @h output : tensor<4xf32>
  rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
  rnn.lookup @e, @E[@i]
  rnn.run tape(0) @Cell {W = @W, b = @b, h = @h, x = @e}
  rnn.backward
  rnn.run backward tape(0) @Cell {W = @W, b = @b, grad.h = @grad.h, grad.x = @g, x = @e}
  rnn.scatter @E[@i], @g
}
