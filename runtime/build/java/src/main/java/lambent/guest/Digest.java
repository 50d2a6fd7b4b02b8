package lambent.guest;

/** A digest of 64-byte blocks: MD5, SHA-1 and SHA-256. */
public abstract class Digest {
    private static final int BLOCK = 64;
    private static final int LENGTH_AT = 56;

    private final byte[] block = new byte[BLOCK];
    private int filled;
    private long length;

    /** The digest of a name; null if it is not one of these. */
    public static Digest of(String name) {
        switch (name.toUpperCase()) {
            case "MD5":
                return new Md5();
            case "SHA":
            case "SHA1":
            case "SHA-1":
                return new Sha1();
            case "SHA-256":
                return new Sha256();
            default:
                return null;
        }
    }

    /** Takes a block of 64 bytes. */
    abstract void take(byte[] block);

    /** The words of the digest. */
    abstract int[] words();

    /** Whether bytes of a word go from the lowest. */
    abstract boolean isLittle();

    /** Adds bytes. */
    public final void update(byte[] bytes, int from, int count) {
        for (int i = from; i < from + count; i++) {
            add(bytes[i]);
        }
        length += count;
    }

    private void add(byte value) {
        block[filled++] = value;
        if (filled == BLOCK) {
            take(block);
            filled = 0;
        }
    }

    /** Ends it; nothing can be added any more. */
    public final byte[] end() {
        long bits = length * 8;
        add((byte) 0x80);
        while (filled != LENGTH_AT) {
            add((byte) 0);
        }
        for (int i = 0; i < 8; i++) {
            add((byte) (bits >>> (isLittle() ? 8 * i : 8 * (7 - i))));
        }
        int[] words = words();
        byte[] digest = new byte[4 * words.length];
        for (int i = 0; i < digest.length; i++) {
            int shift = isLittle() ? 8 * (i % 4) : 8 * (3 - i % 4);
            digest[i] = (byte) (words[i / 4] >>> shift);
        }
        return digest;
    }

    /** A word of a block. */
    static int big(byte[] block, int index) {
        int at = 4 * index;
        return (block[at] & 255) << 24 | (block[at + 1] & 255) << 16 | (block[at + 2] & 255) << 8 | block[at + 3] & 255;
    }

    private static final class Md5 extends Digest {
        private static final int[] SHIFTS = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
        private final int[] state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
        private final int[] sines = new int[BLOCK];

        Md5() {
            for (int i = 0; i < BLOCK; i++) {
                sines[i] = (int) (long) (Math.abs(Math.sin(i + 1)) * 4294967296.0);
            }
        }

        @Override
        void take(byte[] block) {
            int a = state[0];
            int b = state[1];
            int c = state[2];
            int d = state[3];
            for (int i = 0; i < BLOCK; i++) {
                int round = i / 16;
                int mixed;
                int word;
                if (round == 0) {
                    mixed = b & c | ~b & d;
                    word = i;
                } else if (round == 1) {
                    mixed = d & b | ~d & c;
                    word = (5 * i + 1) % 16;
                } else if (round == 2) {
                    mixed = b ^ c ^ d;
                    word = (3 * i + 5) % 16;
                } else {
                    mixed = c ^ (b | ~d);
                    word = 7 * i % 16;
                }
                int sum = a + mixed + sines[i] + Integer.reverseBytes(big(block, word));
                a = d;
                d = c;
                c = b;
                b += Integer.rotateLeft(sum, SHIFTS[4 * round + i % 4]);
            }
            state[0] += a;
            state[1] += b;
            state[2] += c;
            state[3] += d;
        }

        @Override
        int[] words() {
            return state;
        }

        @Override
        boolean isLittle() {
            return true;
        }
    }

    private static final class Sha1 extends Digest {
        private static final int[] CONSTANTS = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        private final int[] state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

        @Override
        void take(byte[] block) {
            int[] w = new int[80];
            for (int i = 0; i < 80; i++) {
                w[i] = i < 16 ? big(block, i) : Integer.rotateLeft(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
            }
            int[] s = state.clone();
            for (int i = 0; i < 80; i++) {
                int round = i / 20;
                int mixed = round == 0 ? s[1] & s[2] | ~s[1] & s[3]
                        : round == 2 ? s[1] & s[2] | s[1] & s[3] | s[2] & s[3] : s[1] ^ s[2] ^ s[3];
                int sum = Integer.rotateLeft(s[0], 5) + mixed + s[4] + CONSTANTS[round] + w[i];
                s[4] = s[3];
                s[3] = s[2];
                s[2] = Integer.rotateLeft(s[1], 30);
                s[1] = s[0];
                s[0] = sum;
            }
            for (int i = 0; i < s.length; i++) {
                state[i] += s[i];
            }
        }

        @Override
        int[] words() {
            return state;
        }

        @Override
        boolean isLittle() {
            return false;
        }
    }

    private static final class Sha256 extends Digest {
        private final int[] state = new int[8];
        private final int[] constants = new int[BLOCK];

        /** The constants are the first bits of roots of the first primes. */
        Sha256() {
            int count = 0;
            for (int n = 2; count < BLOCK; n++) {
                if (!isPrime(n)) {
                    continue;
                }
                if (count < state.length) {
                    state[count] = fraction(Math.sqrt(n));
                }
                constants[count++] = fraction(Math.cbrt(n));
            }
        }

        private static boolean isPrime(int n) {
            for (int i = 2; i * i <= n; i++) {
                if (n % i == 0) {
                    return false;
                }
            }
            return true;
        }

        private static int fraction(double value) {
            return (int) (long) ((value - Math.floor(value)) * 4294967296.0);
        }

        @Override
        void take(byte[] block) {
            int[] w = new int[BLOCK];
            for (int i = 0; i < BLOCK; i++) {
                w[i] = i < 16 ? big(block, i) : w[i - 16] + w[i - 7] + sigma(w[i - 15], 7, 18, 3)
                        + sigma(w[i - 2], 17, 19, 10);
            }
            int[] s = state.clone();
            for (int i = 0; i < BLOCK; i++) {
                int first = s[7] + sum(s[4], 6, 11, 25) + (s[4] & s[5] ^ ~s[4] & s[6]) + constants[i] + w[i];
                int second = sum(s[0], 2, 13, 22) + (s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]);
                System.arraycopy(s, 0, s, 1, 7);
                s[4] += first;
                s[0] = first + second;
            }
            for (int i = 0; i < s.length; i++) {
                state[i] += s[i];
            }
        }

        private static int sigma(int x, int a, int b, int shift) {
            return Integer.rotateRight(x, a) ^ Integer.rotateRight(x, b) ^ x >>> shift;
        }

        private static int sum(int x, int a, int b, int c) {
            return Integer.rotateRight(x, a) ^ Integer.rotateRight(x, b) ^ Integer.rotateRight(x, c);
        }

        @Override
        int[] words() {
            return state;
        }

        @Override
        boolean isLittle() {
            return false;
        }
    }
}
