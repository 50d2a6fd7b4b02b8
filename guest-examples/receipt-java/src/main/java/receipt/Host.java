package receipt;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.teavm.interop.Address;
import org.teavm.interop.Import;
import org.teavm.interop.Unmanaged;

/**
 * What TeaVM's class library leaves out of WASI: standard input, the environment, and how the
 * program ends. Numbers are passed as 32 bits in arrays, whose data does not move meanwhile.
 */
final class Host {
    private static final String WASI = "wasi_snapshot_preview1";

    private Host() {
    }

    static String readAll() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        for (int read = read(buffer); read > 0; read = read(buffer)) {
            all.write(buffer, 0, read);
        }
        return new String(all.toByteArray(), StandardCharsets.UTF_8);
    }

    private static int read(byte[] buffer) throws IOException {
        int[] vector = {Address.ofData(buffer).toInt(), buffer.length};
        int[] read = new int[1];
        check(fdRead(0, Address.ofData(vector), 1, Address.ofData(read)));
        return read[0];
    }

    /** A variable of the environment; empty if there is none of this name. */
    static String environment(String name) throws IOException {
        int[] sizes = new int[2];
        check(environSizesGet(Address.ofData(sizes), Address.ofData(sizes).add(4)));
        int[] pointers = new int[sizes[0]];
        byte[] all = new byte[sizes[1]];
        check(environGet(Address.ofData(pointers), Address.ofData(all)));
        for (String variable : new String(all, StandardCharsets.UTF_8).split("\0")) {
            if (variable.startsWith(name + "=")) {
                return variable.substring(name.length() + 1);
            }
        }
        return "";
    }

    static void exit(int status) {
        procExit(status);
    }

    private static void check(int error) throws IOException {
        if (error != 0) {
            throw new IOException("WASI's error " + error);
        }
    }

    @Import(module = WASI, name = "fd_read")
    @Unmanaged
    private static native int fdRead(int descriptor, Address vectors, int count, Address read);

    @Import(module = WASI, name = "environ_sizes_get")
    @Unmanaged
    private static native int environSizesGet(Address count, Address bytes);

    @Import(module = WASI, name = "environ_get")
    @Unmanaged
    private static native int environGet(Address pointers, Address bytes);

    @Import(module = WASI, name = "proc_exit")
    @Unmanaged
    private static native void procExit(int status);
}
