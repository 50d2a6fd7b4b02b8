package lambent.guest;

import org.teavm.backend.wasm.WasmHeap;
import org.teavm.interop.Address;

/**
 * What is passed by the canonical ABI.
 *
 * <p>It lies behind Java's heap, and is moved when that grows. All positions are therefore those
 * that the host has written, and are placed anew for each access.</p>
 */
final class Memory {
    /** Where the passed memory began when the host wrote it. */
    private final int base;

    Memory() {
        base = WasmHeap.passedBase();
    }

    private Address at(int position) {
        return Address.fromInt(WasmHeap.passedBase() + (position - base));
    }

    int readInt(int position) {
        return at(position).getInt();
    }

    long readLong(int position) {
        return at(position).getLong();
    }

    int readByte(int position) {
        return at(position).getByte();
    }

    /** The bytes of a list whose place and length are at a position. */
    byte[] readBytes(int position) {
        int from = readInt(position);
        int length = readInt(position + 4);
        byte[] bytes = new byte[length];
        Address.moveMemoryBlock(at(from), Address.ofData(bytes), length);
        return bytes;
    }

    String readString(int position) {
        return Text.decode(readBytes(position));
    }

    /** Text that may not be there. */
    String readOptionalString(int position) {
        return readByte(position) == 0 ? null : readString(position + 4);
    }

    /** Makes room, all of it zero; nothing of Java's may be allocated until it is handed over. */
    static int allocate(int size, int alignment) {
        int position = WasmHeap.allocatePassed(size, alignment);
        for (int i = 0; i < size; i += 4) {
            Address.fromInt(position + i).putInt(0);
        }
        return position;
    }

    static void writeInt(int position, int value) {
        Address.fromInt(position).putInt(value);
    }

    static void writeByte(int position, int value) {
        Address.fromInt(position).putByte((byte) value);
    }

    /** Writes the place and the length of bytes to a position, and the bytes elsewhere. */
    static void writeBytes(int position, byte[] bytes) {
        int to = WasmHeap.allocatePassed(bytes.length, 1);
        Address.moveMemoryBlock(Address.ofData(bytes), Address.fromInt(to), bytes.length);
        writeInt(position, to);
        writeInt(position + 4, bytes.length);
    }

    /** Nothing that was passed is needed any more. */
    static void release() {
        WasmHeap.releasePassed();
    }
}
