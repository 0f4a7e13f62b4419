// Ops that stand where nothing of theirs is: refused, whatever else is asked of them.
// RUN: rnncc-opt %s -split-input-file -verify-diagnostics

rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{expects parent op to be one of 'rnn.scan, rnn.stage, rnn.setup'}}
  %x = rnn.read @x : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

// A module is a graph: the product is looked at before the read.
module {
  // expected-error @+1 {{'rnn.read' op expects parent op to be one of}}
  %w = rnn.read @W : tensor<4x4xf32>
  %y = rnn.matvec %w, %x : tensor<4x4xf32>, tensor<4xf32> -> tensor<4xf32>
  %x = rnn.read @x : tensor<4xf32>
}

// -----

rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<4xf32>
  // expected-error @+1 {{region should have no arguments}}
  rnn.scan forward {
  ^body(%x: tensor<4xf32>):
  }
}

// -----

// A delay makes as many carries, and a size as much memory.
rnn.cell @C outputs [] sizes {} {
  // expected-error @+1 {{attribute 'delay' failed to satisfy constraint}}
  rnn.tensor @h state delay 9223372036854775807 : tensor<4xf32>
  rnn.scan forward {
  }
}

// -----

rnn.cell @C outputs [] sizes {} {
  // expected-error @+1 {{attribute 'type' failed to satisfy constraint}}
  rnn.tensor @h state : tensor<2147483648xf32>
  rnn.scan forward {
  }
}

// -----

// No op changes the type of elements in passing.
rnn.cell @C outputs [] sizes {} {
  rnn.tensor @x input : tensor<f32>
  rnn.scan forward {
    %x = rnn.read @x : tensor<f32>
    // expected-error @+1 {{requires the same element type for all operands and results}}
    %0 = rnn.splat %x : tensor<f32> -> tensor<4xf64>
  }
}
