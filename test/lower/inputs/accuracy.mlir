// Each function on one vector in memory, in both element types.
func.func @exp32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.exp %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @exp64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.exp %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @log32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.log %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @log64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.log %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @log1p32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.log1p %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @log1p64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.log1p %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @tanh32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.tanh %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @tanh64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.tanh %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @erf32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.erf %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @erf64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.erf %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @sigmoid32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = rnn.sigmoid %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @sigmoid64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = rnn.sigmoid %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @sin32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.sin %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @sin64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.sin %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @sinFar32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.sin %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @sinFar64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.sin %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @cos32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.cos %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @cos64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.cos %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
func.func @cosFar32(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
  %y = math.cos %x : vector<8xf32>
  llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
  return
}
func.func @cosFar64(%p: !llvm.ptr) {
  %x = llvm.load %p {alignment = 8 : i64} : !llvm.ptr -> vector<4xf64>
  %y = math.cos %x : vector<4xf64>
  llvm.store %y, %p {alignment = 8 : i64} : vector<4xf64>, !llvm.ptr
  return
}
