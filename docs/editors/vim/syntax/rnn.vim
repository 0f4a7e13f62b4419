" Colours of .rnn files: cells as their equations.
if exists("b:current_syntax")
  finish
endif

syntax keyword rnnKeyword cell model fn schedule input target state param output loss metric
syntax keyword rnnTime t T
syntax keyword rnnFunction abs clip cos exp gelu hard_sigmoid layer_norm log max mean min outer relu sigmoid silu
syntax keyword rnnFunction sin softmax softplus sqrt stop_gradient sum tanh where
syntax keyword rnnInitialiser zeros ones constant uniform normal glorot_uniform orthogonal
syntax match rnnNumber "\<\d\+\(\.\d*\)\?\([eE][-+]\?\d\+\)\?"
syntax match rnnOperator "[-+*/@'=<>!⊙σ]"
syntax match rnnComment "#.*$" contains=@Spell

highlight default link rnnKeyword Keyword
highlight default link rnnTime Constant
highlight default link rnnFunction Function
highlight default link rnnInitialiser Type
highlight default link rnnNumber Number
highlight default link rnnOperator Operator
highlight default link rnnComment Comment

setlocal commentstring=#\ %s
let b:current_syntax = "rnn"
