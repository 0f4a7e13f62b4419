// What the pass must leave alone: none of these inputs becomes distinct.
// RUN: rnncc-opt %s -rnn-share-vectors -split-input-file | FileCheck %s
// CHECK-NOT: distinct
// CHECK: rnn.model @Last
// CHECK-NOT: distinct

// A sum reads the vectors of all steps, too.
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<16xf32>
  rnn.tensor @h state : tensor<16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.scan forward {
    %p = rnn.stage before units(16) : tensor<16xf32> {
      %w = rnn.read @W : tensor<16x16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %y = rnn.affine terms(%w) (%x) transposed [false] : (tensor<16x16xf32>), (tensor<16xf32>) -> tensor<16xf32>
      rnn.yield %y : tensor<16xf32>
    }
    rnn.stage step units(16) {
      %h = rnn.read @h[1] : tensor<16xf32>
      %s = arith.addf %p, %h : tensor<16xf32>
      rnn.write @h, %s : tensor<16xf32>
    }
  }
}
rnn.model @Sum outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.tensor @e value : tensor<16xf32>
  rnn.tensor @h output : tensor<16xf32>
  rnn.tensor @s value : tensor<16xf32>
  rnn.lookup @e, @E[@i]
  rnn.run @Cell {W = @W, h = @h, x = @e}
  rnn.sum @s, [@e]
}

// -----

// The cell runs a second time, on vectors of its own.
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<16xf32>
  rnn.tensor @h state : tensor<16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.scan forward {
    %p = rnn.stage before units(16) : tensor<16xf32> {
      %w = rnn.read @W : tensor<16x16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %y = rnn.affine terms(%w) (%x) transposed [false] : (tensor<16x16xf32>), (tensor<16xf32>) -> tensor<16xf32>
      rnn.yield %y : tensor<16xf32>
    }
    rnn.stage step units(16) {
      %h = rnn.read @h[1] : tensor<16xf32>
      %s = arith.addf %p, %h : tensor<16xf32>
      rnn.write @h, %s : tensor<16xf32>
    }
  }
}
rnn.model @Twice outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.tensor @e value : tensor<16xf32>
  rnn.tensor @h output : tensor<16xf32>
  rnn.tensor @z input : tensor<16xf32>
  rnn.lookup @e, @E[@i]
  rnn.run @Cell {W = @W, h = @h, x = @e}
  rnn.run @Cell {W = @W, x = @z}
}

// -----

// The loop reads the vector itself.
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<16xf32>
  rnn.tensor @h state : tensor<16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.scan forward {
    %p = rnn.stage before units(16) : tensor<16xf32> {
      %w = rnn.read @W : tensor<16x16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %y = rnn.affine terms(%w) (%x) transposed [false] : (tensor<16x16xf32>), (tensor<16xf32>) -> tensor<16xf32>
      rnn.yield %y : tensor<16xf32>
    }
    rnn.stage step units(16) {
      %h = rnn.read @h[1] : tensor<16xf32>
      %s = arith.addf %p, %h : tensor<16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %t = arith.mulf %s, %x : tensor<16xf32>
      rnn.write @h, %t : tensor<16xf32>
    }
  }
}
rnn.model @Loop outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.tensor @e value : tensor<16xf32>
  rnn.tensor @h output : tensor<16xf32>
  rnn.lookup @e, @E[@i]
  rnn.run @Cell {W = @W, h = @h, x = @e}
}

// -----

// What backward computes again, it needs for all steps.
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<16xf32>
  rnn.tensor @h state : tensor<16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.schedule "recompute" ["gates"] [0] on "cpu"
  rnn.scan forward {
    %p = rnn.stage before units(16) : tensor<16xf32> {
      %w = rnn.read @W : tensor<16x16xf32>
      %x = rnn.read @x : tensor<16xf32>
      %y = rnn.affine terms(%w) (%x) transposed [false] : (tensor<16x16xf32>), (tensor<16xf32>) -> tensor<16xf32>
      rnn.yield %y : tensor<16xf32>
    }
    rnn.stage step units(16) {
      %h = rnn.read @h[1] : tensor<16xf32>
      %s = arith.addf %p, %h : tensor<16xf32>
      rnn.write @h, %s : tensor<16xf32>
    }
  }
}
rnn.model @Recompute outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x16xf32>
  rnn.tensor @W param : tensor<16x16xf32>
  rnn.tensor @e value : tensor<16xf32>
  rnn.tensor @h output : tensor<16xf32>
  rnn.lookup @e, @E[@i]
  rnn.run @Cell {W = @W, h = @h, x = @e}
}

// -----

// Vectors so short are multiplied in no time.
rnn.cell part @Cell outputs [@h] sizes {} {
  rnn.tensor @x input : tensor<8xf32>
  rnn.tensor @h state : tensor<8xf32>
  rnn.tensor @W param : tensor<8x8xf32>
  rnn.scan forward {
    %p = rnn.stage before units(8) : tensor<8xf32> {
      %w = rnn.read @W : tensor<8x8xf32>
      %x = rnn.read @x : tensor<8xf32>
      %y = rnn.affine terms(%w) (%x) transposed [false] : (tensor<8x8xf32>), (tensor<8xf32>) -> tensor<8xf32>
      rnn.yield %y : tensor<8xf32>
    }
    rnn.stage step units(8) {
      %h = rnn.read @h[1] : tensor<8xf32>
      %s = arith.addf %p, %h : tensor<8xf32>
      rnn.write @h, %s : tensor<8xf32>
    }
  }
}
rnn.model @Last outputs [@h] sizes {} {
  rnn.tensor @i input : tensor<i32>
  rnn.tensor @E param : tensor<9x8xf32>
  rnn.tensor @W param : tensor<8x8xf32>
  rnn.tensor @e value : tensor<8xf32>
  rnn.tensor @h output : tensor<8xf32>
  rnn.lookup @e, @E[@i]
  rnn.run @Cell {W = @W, h = @h, x = @e}
}
