//===- OnnxRuntime.h - ONNX Runtime as a competitor and witness ------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_ONNXRUNTIME_H
#define TILEWRIGHT_LIB_ARTEFACT_ONNXRUNTIME_H

#include "lib/Artefact/Child.h"
#include "lib/Artefact/HostTensor.h"

namespace tilewright {

/// The ONNX model that an artefact was compiled from, run by npm's onnxruntime-node in a child
/// process on the same inputs. The module is looked for in node_modules of the working directory
/// and its parents, and in NODE_PATH.
class OnnxRuntime {
public:
  static llvm::Expected<std::unique_ptr<OnnxRuntime>> create(llvm::StringRef path,
                                                             const tw_model *model,
                                                             llvm::ArrayRef<HostTensor> inputs,
                                                             int threads);
  ~OnnxRuntime();

  /// Runs so often, and returns the seconds that each run took. Through node, a call costs some 20
  /// microseconds more than through the C interface.
  llvm::Expected<std::vector<double>> run(int64_t runs);

  /// The outputs of the last run, in the order of the artefact's.
  llvm::Expected<std::vector<HostTensor>> outputs(const tw_model *model);

  std::string version;

private:
  OnnxRuntime() = default;
  std::string directory; // of files that both processes read
  std::unique_ptr<Child> child;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_ONNXRUNTIME_H
