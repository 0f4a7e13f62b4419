//===- Header.cpp - the C header of compiled cells ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "rnncc/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <charconv>

using namespace llvm;
using namespace rnn;

/// "[T, N, 128]".
static std::string shapeText(Axes axes, ArrayRef<int64_t> shape) {
  SmallVector<std::string> sizes;
  if (axes == Axes::StepsRows)
    sizes.push_back("T");
  if (axes != Axes::Plain)
    sizes.push_back("N");
  for (int64_t size : shape)
    sizes.push_back(std::to_string(size));
  return "[" + join(sizes, ", ") + "]";
}

/// "uniform(-0.5, 0.5)".
static std::string initText(const CellFacts::Param &param) {
  SmallVector<std::string> numbers;
  for (double number : param.initArguments) {
    char digits[32]; // the fewest that give the number back
    auto end = std::to_chars(digits, std::end(digits), number).ptr;
    numbers.emplace_back(digits, end);
  }
  return numbers.empty() ? param.init
                         : param.init + "(" + join(numbers, ", ") + ")";
}

/// What a group of arrays is, as a member of the call struct.
struct Group {
  ArrayRole role;
  StringRef member;
  bool isConst;
  StringRef comment;
};
static const Group groups[] = {
    {ArrayRole::Input, "input", true, "read by forward, step and backward"},
    {ArrayRole::Target, "target", true,
     "read; NULL: losses and metrics are not computed"},
    {ArrayRole::Initial, "initial", true,
     "states before the first step; read; NULL: zeros"},
    {ArrayRole::Final, "final", false,
     "states after the last step; written by forward and step; NULL: not\n"
     "   * wanted; may be the arrays of `initial`"},
    {ArrayRole::Output, "output", false,
     "written by forward and step; NULL: not wanted"},
    {ArrayRole::Loss, "loss", false,
     "written by forward; to be averaged; NULL: not wanted"},
    {ArrayRole::Metric, "metric", false,
     "written by forward; to be averaged; NULL: not wanted"},
    {ArrayRole::GradOutput, "grad_output", true,
     "d loss / d output; read by backward; NULL: zeros"},
    {ArrayRole::GradFinal, "grad_final", true,
     "d loss / d final; read by backward; NULL: zeros"},
    {ArrayRole::GradInput, "grad_input", false,
     "d loss / d input; written by backward; NULL: not wanted"},
    {ArrayRole::GradInitial, "grad_initial", false,
     "d loss / d initial; written by backward; NULL: not wanted"},
};

static void writeParams(raw_ostream &os, const CellFacts &cell,
                        StringRef element, bool grads) {
  if (cell.params.empty())
    return;
  os << (grads ? formatv("/** Where gradients of the parameters go: added to, "
                         "never overwritten; NULL:\n *  not wanted. */\n")
               : formatv("/** Parameters, in the shapes the cell declares. "
                         "*/\n"))
            .str();
  StringRef kind = grads ? "grads" : "params";
  os << "typedef struct " << cell.prefix << "_" << kind << " {\n";
  for (const CellFacts::Param &param : cell.params) {
    os << "  " << (grads ? "" : "const ") << element << " *" << param.member
       << "; /**< " << shapeText(Axes::Plain, param.shape);
    if (!grads)
      os << ", " << initText(param) << ", " << cell.file << ":" << param.line;
    os << " */\n";
  }
  os << "} " << cell.prefix << "_" << kind << ";\n\n";
}

static void writeCall(raw_ostream &os, const CellFacts &cell,
                      StringRef element) {
  os << formatv(
      R"(/** Arguments of {0}_forward, {0}_backward and {0}_step; laid out as rnncc_call.
 *  Set what is not used to zero: `{0}_call call = {{0};`. */
typedef struct {0}_call {{
  int64_t steps;          /**< T, 0 or more; {0}_step takes 1 */
  int64_t batch;          /**< N, 0 or more */
  const void *weights;    /**< packed by {0}_pack */
  void *tape;             /**< {0}_tape_bytes(T, N) bytes, written by forward,
                               used up by backward; NULL: no backward follows */
  void *scratch;          /**< {0}_forward_scratch_bytes(T, N) or
                               {0}_backward_scratch_bytes(T, N) bytes; free
                               after the call */
  rnncc_team *team;         /**< NULL: this thread alone */
  const int64_t *lengths; /**< [N] steps of each row, 0 to T; NULL: all T */
  const rnncc_random *random; /**< for training; NULL: dropout and the like
                                 change nothing */
)",
      cell.prefix);
  for (const Group &group : groups) {
    bool any = false;
    for (const CellFacts::Array &array : cell.arrays) {
      if (array.role != group.role)
        continue;
      if (!any)
        os << "  /* " << group.comment << " */\n  struct {\n";
      any = true;
      StringRef type =
          array.element == ElementType::I32 ? StringRef("int32_t") : element;
      os << "    " << (group.isConst ? "const " : "") << type << " *"
         << array.member << "; /**< " << shapeText(array.axes, array.shape)
         << " `" << array.name << "`";
      if (group.role == ArrayRole::Input || group.role == ArrayRole::Output)
        os << ", " << cell.file << ":" << array.line;
      if (array.element == ElementType::I32)
        os << ", 0 to " << array.indices - 1;
      os << " */\n";
    }
    if (any)
      os << "  } " << group.member << ";\n";
  }
  if (!cell.params.empty())
    os << "  " << cell.prefix << "_grads grad_param;\n";
  os << "} " << cell.prefix << "_call;\n\n";
}

static void writeFunctions(raw_ostream &os, const CellFacts &cell) {
  std::string params = cell.params.empty()
                           ? "const void *"
                           : "const " + cell.prefix + "_params *";
  os << formatv(R"(/** Bytes of packed weights. */
size_t {0}_weights_bytes(void);

/** Packs the parameters for the kernels; again whenever they change.
 *
 *  params   read
 *  weights  {0}_weights_bytes() bytes at a multiple of 64, written
 *
 *  Returns RNNCC_OK, RNNCC_NULL_POINTER, RNNCC_MISALIGNED or RNNCC_UNSUPPORTED;
 *  after an error nothing was written.
 */
rnncc_status {0}_pack({1}params, void *weights);

/** The same, where weights are large on the threads of a team; NULL: this
 *  thread alone. The weights are the same bytes.
 */
rnncc_status {0}_pack_on_team({1}params, void *weights, rnncc_team *team);

/** Bytes of tape for T steps of N rows; 0 if they are out of range. */
size_t {0}_tape_bytes(int64_t steps, int64_t batch);

/** Bytes of scratch for {0}_forward and (steps = 1) {0}_step. */
size_t {0}_forward_scratch_bytes(int64_t steps, int64_t batch);

/** Bytes of scratch for {0}_backward. */
size_t {0}_backward_scratch_bytes(int64_t steps, int64_t batch);

/** Runs the cell over a batch of sequences.
 *
 *  Returns RNNCC_OK, RNNCC_BAD_SIZE, RNNCC_NULL_POINTER, RNNCC_MISALIGNED,
 *  RNNCC_BAD_LENGTHS, RNNCC_WRONG_WEIGHTS or RNNCC_UNSUPPORTED. After an error no
 *  array has been touched.
 *
 *  Source: {2}.
 */
rnncc_status {0}_forward(const {0}_call *call);

/** Pulls gradients back to parameters, inputs and initial states. Takes the
 *  call that {0}_forward was given, with the gradients filled in.
 *
 *  Returns what {0}_forward can, or RNNCC_WRONG_TAPE. After an error no array
 *  has been touched.
 *
 *  Source: derived from {2}.
 */
rnncc_status {0}_backward(const {0}_call *call);

/** Runs one step, for streaming: {0}_forward with steps = 1 and no tape. With
 *  the same arrays as `initial` and `final`, states go on from call to call.
 *
 *  Returns what {0}_forward can. After an error no array has been touched.
 */
rnncc_status {0}_step(const {0}_call *call);

/** What programs for any cell need: names, shapes, entry points. */
extern const rnncc_descriptor {3};

)",
                cell.prefix, params, cell.source(), cell.descriptor());
  if (cell.isTrained)
    os << formatv("/** Parameters that were compiled in, for {0}_pack. */\n"
                  "extern const {0}_params {1};\n\n",
                  cell.prefix, cell.trained());
}

std::string rnn::headerText(ArrayRef<CellFacts> cells, StringRef file,
                            StringRef cpu, StringRef version) {
  std::string text;
  raw_string_ostream os(text);
  std::string guard = "RNNCC_CELL_";
  for (char c : file)
    guard += isAlnum(c) ? toUpper(c) : '_';
  os << formatv("/* {0} - written by rnncc {1}. Do not edit.\n *\n", file,
                version);
  for (const CellFacts &cell : cells) {
    SmallVector<std::string> sizes;
    for (auto &[name, value] : cell.sizes)
      sizes.push_back(name + " = " + std::to_string(value));
    os << (cell.isModel ? " * Model `" : " * Cell `") << cell.name << "` ("
       << cell.source() << ")";
    if (!sizes.empty())
      os << " with " << join(sizes, ", ");
    os << "; elements " << (cell.isDouble ? "f64" : "f32") << ".\n";
    if (cell.bf16Products)
      os << " * Products of its weights take both factors rounded to bf16 and "
            "add up in\n * f32; all arrays are f32.\n";
  }
  os << " * Kernels for the CPU level" << (cpu.contains(',') ? "s " : " ")
     << cpu << R"(.
 *
 * Arrays are dense, row-major, aligned as their elements are (weights, tape and
 * scratch: 64 bytes); sizes in [ ] are elements, T is `steps` and N is `batch`.
 * The caller owns every array; arrays that are written overlap no other unless
 * said. Nothing here allocates, locks, prints or keeps state, so any number of
 * threads may call at once on arrays of their own.
 */
)";
  os << "#ifndef " << guard << "\n#define " << guard << R"(

#include "rnncc/abi.h"

)"
     << "#if RNNCC_ABI_VERSION != " << RNNCC_ABI_VERSION << "\n#error \""
     << file << " needs runtime ABI " << RNNCC_ABI_VERSION
     << ": compile it again\"\n#endif\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  for (const CellFacts &cell : cells) {
    StringRef element = cell.isDouble ? "double" : "float";
    if (!cell.sizes.empty()) {
      SmallVector<std::string> sizes;
      for (auto &[name, value] : cell.sizes)
        sizes.push_back(StringRef(cell.prefix).upper() + "_" + name + " = " +
                        std::to_string(value));
      os << "enum { " << join(sizes, ", ") << " };\n\n";
    }
    writeParams(os, cell, element, false);
    writeParams(os, cell, element, true);
    writeCall(os, cell, element);
    writeFunctions(os, cell);
  }
  os << "#ifdef __cplusplus\n}\n#endif\n#endif /* " << guard << " */\n";
  return text;
}
