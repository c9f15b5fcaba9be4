//===- Memory.cpp - memory of the simulated device ------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/Memory.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace tilewright::ptx;

namespace {
constexpr uint64_t Alignment = 256, Gap = 4096;
} // namespace

Expected<uint64_t> DeviceMemory::allocate(uint64_t bytes, const Twine &name) {
  Allocation allocation;
  allocation.address = next;
  allocation.name = name.str();
  allocation.storage = Storage(bytes);
  if (!allocation.storage.data || !allocation.storage.state)
    return createStringError("no memory left for " + name + " of " + Twine(bytes) + " bytes");
  // What nobody initialised must not look like zeros.
  if (bytes)
    memset(allocation.storage.data.data(), 0xAB, bytes);
  next = alignTo(next + bytes + Gap, Alignment);
  uint64_t address = allocation.address;
  allocations.emplace(address, std::move(allocation));
  return address;
}

bool DeviceMemory::free(uint64_t address) {
  return allocations.erase(address) != 0;
}

const Allocation *DeviceMemory::nearest(uint64_t address) const {
  auto above = allocations.upper_bound(address);
  return above == allocations.begin() ? nullptr : &std::prev(above)->second;
}

Allocation *DeviceMemory::find(uint64_t address, uint64_t bytes) {
  auto *found = const_cast<Allocation *>(nearest(address));
  bool holds = found && address - found->address <= found->storage.size() &&
               bytes <= found->storage.size() - (address - found->address);
  return holds ? found : nullptr;
}

Expected<Allocation *> DeviceMemory::range(uint64_t address, uint64_t bytes, StringRef what) {
  if (Allocation *found = find(address, bytes))
    return found;
  return createStringError(Twine(what) + " of " + Twine(bytes) + " bytes at device address 0x" +
                           utohexstr(address) + " lies outside of every buffer");
}

Error DeviceMemory::write(uint64_t address, ArrayRef<uint8_t> bytes) {
  Expected<Allocation *> found = range(address, bytes.size(), "copy to the device");
  if (!found)
    return found.takeError();
  uint64_t offset = address - (*found)->address;
  if (!bytes.empty()) {
    memcpy((*found)->storage.data.data() + offset, bytes.data(), bytes.size());
    memset((*found)->storage.state.data() + offset, Initialised, bytes.size());
  }
  return Error::success();
}

Error DeviceMemory::read(uint64_t address, MutableArrayRef<uint8_t> bytes) {
  Expected<Allocation *> found = range(address, bytes.size(), "copy from the device");
  if (!found)
    return found.takeError();
  if (!bytes.empty())
    memcpy(bytes.data(), (*found)->storage.data.data() + (address - (*found)->address),
           bytes.size());
  return Error::success();
}

Error DeviceMemory::copy(uint64_t to, uint64_t from, uint64_t bytes) {
  Expected<Allocation *> source = range(from, bytes, "copy on the device");
  if (!source)
    return source.takeError();
  Expected<Allocation *> target = range(to, bytes, "copy on the device");
  if (!target)
    return target.takeError();
  uint64_t fromOffset = from - (*source)->address, toOffset = to - (*target)->address;
  Storage &read = (*source)->storage, &written = (*target)->storage;
  if (bytes) {
    memmove(written.data.data() + toOffset, read.data.data() + fromOffset, bytes);
    memmove(written.state.data() + toOffset, read.state.data() + fromOffset, bytes);
  }
  return Error::success();
}

Error DeviceMemory::load(const Module &module, StringMap<uint64_t> &addresses) {
  for (const Variable &variable : module.variables) {
    if (variable.space != Space::Global && variable.space != Space::Const)
      continue;
    if (variable.isExternal)
      return errorAt(module, variable.line,
                     "'" + variable.name + "' is defined in no module: linking is not supported");
    Expected<uint64_t> address = allocate(variable.bytes, "'" + variable.name + "'");
    if (!address)
      return address.takeError();
    addresses[variable.name] = *address;
    // 5.4.4: variables without an initial value are zero.
    std::vector<uint8_t> bytes = variable.initialiser;
    bytes.resize(variable.bytes);
    if (Error error = write(*address, bytes))
      return error;
    find(*address, 0)->isConstant = variable.space == Space::Const;
  }
  return Error::success();
}

uint32_t DeviceMemory::beginLaunch(bool trackRaces) {
  // Cells number launches modulo 15, from 1; before a number comes again, they are forgotten.
  launch = launch % 15 + 1;
  for (auto &[address, allocation] : allocations) {
    if (launch == 1 || !trackRaces)
      allocation.storage.cells.reset();
    if (trackRaces)
      allocation.storage.trackRaces();
  }
  return launch;
}
