//===- Memory.h - memory of the simulated device --------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Addresses of global memory are no addresses of the host. Behind every buffer lies a gap, and each
// byte has a state and, when races are looked for, three cells that say who touched it (Races.h).
// Generic addresses (5.3, 7.1.3 cvta) are either global or lie in a window:
//
//   0x0000'0003'0000'0000   global and constant memory
//   0x0100'0000'0000'0000   shared memory of the block
//   0x0200'0000'0000'0000   local memory of the thread
//   0x0300'0000'0000'0000   parameters of the kernel
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_MEMORY_H
#define TILEWRIGHT_LIB_PTXSIM_MEMORY_H

#include "lib/PtxSim/Module.h"
#include "lib/PtxSim/Races.h"
#include <map>
#include <memory>

namespace tilewright::ptx {

constexpr uint64_t GlobalBase = 0x3'0000'0000;
constexpr uint64_t WindowSize = uint64_t(1) << 56;
constexpr uint64_t SharedWindow = 1 * WindowSize, LocalWindow = 2 * WindowSize,
                   ParamWindow = 3 * WindowSize;

/// Where a window begins; 0 for global and constant memory.
constexpr uint64_t windowOf(Space space) {
  return space == Space::Shared  ? SharedWindow
         : space == Space::Local ? LocalWindow
         : space == Space::Param ? ParamWindow
                                 : 0;
}

/// What is known of a byte.
enum ByteState : uint8_t {
  Uninitialised,
  Initialised,
  Pending // destination of a cp.async that nobody has waited for
};

/// Zeroed memory that costs nothing until it is touched.
template <class T>
class ZeroedArray {
public:
  explicit ZeroedArray(size_t size = 0)
      : elements(size ? static_cast<T *>(calloc(size, sizeof(T))) : nullptr), count(size) {}
  T *data() const { return elements.get(); }
  size_t size() const { return count; }
  explicit operator bool() const { return elements || !count; }

private:
  struct Free {
    void operator()(T *memory) const { free(memory); }
  };
  std::unique_ptr<T[], Free> elements;
  size_t count;
};

/// Bytes, their states and their cells.
struct Storage {
  explicit Storage(uint64_t bytes = 0) : data(bytes), state(bytes) {}
  void trackRaces() {
    if (!cells)
      cells = std::make_unique<ZeroedArray<ByteCells>>(data.size());
  }
  uint64_t size() const { return data.size(); }

  ZeroedArray<uint8_t> data, state;
  std::unique_ptr<ZeroedArray<ByteCells>> cells; // null: races are not looked for
};

struct Allocation {
  uint64_t address = 0;
  bool isConstant = false;
  std::string name; // of messages: "buffer 2", or a module's variable
  Storage storage;
};

/// Global and constant memory. Not thread-safe, but for finding.
class DeviceMemory {
public:
  /// Uninitialised memory, aligned to 256 bytes. Fails if the host has no memory left.
  llvm::Expected<uint64_t> allocate(uint64_t bytes, const llvm::Twine &name);
  /// Is `address` what allocate returned? Then forgets it.
  bool free(uint64_t address);
  /// The buffer that holds all of these bytes, or null.
  Allocation *find(uint64_t address, uint64_t bytes);
  /// The buffer nearest below `address`, or null; for messages.
  const Allocation *nearest(uint64_t address) const;

  /// Copies between host and device; the range must lie in one buffer.
  llvm::Error write(uint64_t address, llvm::ArrayRef<uint8_t> bytes);
  llvm::Error read(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes);
  /// Within the device; what nobody initialised stays so. The ranges may overlap.
  llvm::Error copy(uint64_t to, uint64_t from, uint64_t bytes);

  /// Allocates and initialises the .global and .const variables of a module (5.1.4, 5.1.3);
  /// adds their addresses.
  llvm::Error load(const Module &module, llvm::StringMap<uint64_t> &addresses);

  /// Begins the next launch: what earlier ones did is ordered before it.
  uint32_t beginLaunch(bool trackRaces);

private:
  llvm::Expected<Allocation *> range(uint64_t address, uint64_t bytes, llvm::StringRef what);

  std::map<uint64_t, Allocation> allocations; // by address
  uint64_t next = GlobalBase;
  uint32_t launch = 0;
};

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_MEMORY_H
