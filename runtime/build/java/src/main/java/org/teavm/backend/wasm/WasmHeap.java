/*
 *  Copyright 2019 Alexey Andreev.
 *
 *  Licensed under the Apache License, Version 2.0 (the "License");
 *  you may not use this file except in compliance with the License.
 *  You may obtain a copy of the License at
 *
 *       http://www.apache.org/licenses/LICENSE-2.0
 *
 *  Unless required by applicable law or agreed to in writing, software
 *  distributed under the License is distributed on an "AS IS" BASIS,
 *  WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 *  See the License for the specific language governing permissions and
 *  limitations under the License.
 *
 *  Changed: the memory has places for the canonical ABI and for the adapter of WASI beside the
 *  heap, and the stack is larger.
 */
package org.teavm.backend.wasm;

import org.teavm.backend.wasm.runtime.WasmSupport;
import org.teavm.interop.Address;
import org.teavm.interop.StaticInit;
import org.teavm.interop.Unmanaged;

/**
 * TeaVM's heap, in place of the one of its library.
 *
 * <p>TeaVM takes for granted that nobody else makes the memory grow. The adapter of WASI and
 * the canonical ABI do ask for memory, which must not move with Java's objects. The adapter is given a
 * fixed place. What the canonical ABI passes is put behind the heap, and moved if the heap
 * grows in the meantime; whoever reads it asks where it begins.</p>
 */
@StaticInit
@Unmanaged
public final class WasmHeap {
    public static final int PAGE_SIZE = 65536;
    public static final int DEFAULT_STACK_SIZE = PAGE_SIZE * 4;
    public static final int DEFAULT_REGION_SIZE = 1024;
    public static final int DEFAULT_BUFFER_SIZE = 512;

    /** How much larger the stack is than TeaVM's: the host ends a deep recursion before its end. */
    private static final int STACK_FACTOR = 4;
    /** The adapter's stack and its state, a page each. */
    private static final int ADAPTER_SIZE = 2 * PAGE_SIZE;

    public static int minHeapSize;
    public static int maxHeapSize;
    public static Address storageAddress;
    public static int storageSize;
    public static Address regionsAddress;
    public static int regionsCount;
    public static int regionsSize;
    public static Address cardTable;
    public static Address heapAddress;
    public static int heapSize;
    public static int regionSize = DEFAULT_REGION_SIZE;
    public static Address memoryLimit;
    public static Address stackAddress;
    public static Address stack;
    public static int stackSize;
    public static Address buffer;
    public static int bufferSize;

    private static int adapterNext;
    private static int adapterEnd;
    private static int memoryEnd;
    private static int passedTop;

    private WasmHeap() {
    }

    public static int calculateStorageSize(int heapSize) {
        return heapSize / 16;
    }

    public static int calculateRegionsCount(int heapSize, int regionSize) {
        return (heapSize / regionSize) + 1;
    }

    public static int calculateRegionsSize(int regionsCount) {
        return regionsCount * 2;
    }

    public static native void growMemory(int amount);

    private static void initHeapTrace(int maxHeap) {
        WasmSupport.initHeapTrace(maxHeap);
    }

    public static void initHeap(Address start, int minHeap, int maxHeap, int stackSize, int bufferSize) {
        initHeapTrace(maxHeap);
        buffer = WasmRuntime.align(start, 16);
        WasmHeap.bufferSize = bufferSize;
        stack = WasmRuntime.align(buffer.add(bufferSize), 16);
        stackAddress = stack;
        int size = stackSize * STACK_FACTOR;
        adapterNext = WasmRuntime.align(stackAddress.add(size), 16).toInt();
        adapterEnd = adapterNext + ADAPTER_SIZE;
        heapAddress = Address.fromInt(adapterEnd);
        memoryLimit = WasmRuntime.align(start, PAGE_SIZE);
        memoryEnd = memoryLimit.toInt();
        minHeapSize = minHeap;
        maxHeapSize = maxHeap;
        WasmHeap.stackSize = size;
        resizeHeap(minHeap);
    }

    public static void resizeHeap(int newHeapSize) {
        if (newHeapSize <= heapSize) {
            return;
        }

        int newStorageSize = calculateStorageSize(newHeapSize);
        int newRegionsCount = calculateRegionsCount(newHeapSize, regionSize);
        int newRegionsSize = calculateRegionsSize(newRegionsCount);

        Address newRegionsAddress = WasmRuntime.align(heapAddress.add(newHeapSize), 16);
        Address newCardTable = WasmRuntime.align(newRegionsAddress.add(newRegionsSize), 16);
        Address newStorageAddress = WasmRuntime.align(newCardTable.add(newRegionsCount), 16);
        Address newMemoryLimit = WasmRuntime.align(newStorageAddress.add(newStorageSize), PAGE_SIZE);
        if (newMemoryLimit != memoryLimit) {
            int passed = passedTop == 0 ? 0 : passedTop - memoryLimit.toInt();
            ensureMemory(newMemoryLimit.toInt() + passed);
            if (passed > 0) {
                Address.moveMemoryBlock(memoryLimit, newMemoryLimit, passed);
                passedTop = newMemoryLimit.toInt() + passed;
            }
            memoryLimit = newMemoryLimit;
        }
        if (storageSize > 0) {
            Address.moveMemoryBlock(storageAddress, newStorageAddress, storageSize);
        }
        if (regionsSize > 0) {
            Address.moveMemoryBlock(cardTable, newCardTable, regionsCount);
            Address.moveMemoryBlock(regionsAddress, newRegionsAddress, regionsSize);
        }

        storageAddress = newStorageAddress;
        regionsAddress = newRegionsAddress;
        cardTable = newCardTable;
        storageSize = newStorageSize;
        regionsCount = newRegionsCount;
        regionsSize = newRegionsSize;
        heapSize = newHeapSize;
    }

    private static void ensureMemory(int end) {
        if (end > memoryEnd) {
            int pages = (end - memoryEnd + PAGE_SIZE - 1) / PAGE_SIZE;
            growMemory(pages);
            memoryEnd += pages * PAGE_SIZE;
        }
    }

    /** Memory for the adapter of WASI, which it keeps. */
    public static int allocateForAdapter(int size, int alignment) {
        int at = WasmRuntime.align(adapterNext, alignment);
        if (at + size > adapterEnd) {
            // It asks for two pages in all; a third would be a new adapter.
            return -1;
        }
        adapterNext = at + size;
        return at;
    }

    /** Memory for what is passed by the canonical ABI, until {@link #releasePassed}. */
    public static int allocatePassed(int size, int alignment) {
        if (passedTop == 0) {
            passedTop = memoryLimit.toInt();
        }
        int at = WasmRuntime.align(passedTop, alignment);
        ensureMemory(at + size);
        passedTop = at + size;
        return at;
    }

    /** Where the memory begins of what is passed. */
    public static int passedBase() {
        return memoryLimit.toInt();
    }

    /** Nothing that was passed is needed any more. */
    public static void releasePassed() {
        passedTop = 0;
    }
}
