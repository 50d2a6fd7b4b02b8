//! Reading files as CRuby expects it: its parser takes what one read gives for the whole file, and a
//! read of WASI may give less than is asked for and there.

/// A part of memory.
#[repr(C)]
#[derive(Clone, Copy)]
struct Buffer {
    address: *mut u8,
    length: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[link_name = "fd_read"]
    fn read_some(descriptor: u32, buffers: *const Buffer, count: usize, read: *mut usize) -> i32;
}

/// The last descriptor of a standard stream, where there may be more later.
const STREAMS: u32 = 2;

/// Stands in the place of `fd_read`: fills the buffers, unless the file ends before.
#[unsafe(export_name = "fd_read")]
extern "C" fn read_all(
    descriptor: u32,
    buffers: *const Buffer,
    count: usize,
    read: *mut usize,
) -> i32 {
    // SAFETY: CRuby's libc calls it as it would call the function of WASI.
    unsafe {
        *read = 0;
        for buffer in std::slice::from_raw_parts(buffers, count) {
            let mut rest = *buffer;
            while rest.length > 0 {
                let mut some = 0;
                let error = read_some(descriptor, &rest, 1, &mut some);
                if error != 0 {
                    return if *read == 0 { error } else { 0 };
                }
                *read += some;
                if some == 0 || descriptor <= STREAMS {
                    return 0;
                }
                rest.address = rest.address.add(some);
                rest.length -= some;
            }
        }
        0
    }
}
