package org.teavm.classlib.java.security;

import java.security.NoSuchAlgorithmException;
import lambent.guest.Digest;

/** Java's digests: MD5, SHA-1 and SHA-256. */
public final class TMessageDigest {
    private final String algorithm;
    private Digest digest;

    private TMessageDigest(String algorithm, Digest digest) {
        this.algorithm = algorithm;
        this.digest = digest;
    }

    public static TMessageDigest getInstance(String algorithm) throws NoSuchAlgorithmException {
        Digest digest = Digest.of(algorithm);
        if (digest == null) {
            throw new NoSuchAlgorithmException(algorithm + " MessageDigest not available");
        }
        return new TMessageDigest(algorithm, digest);
    }

    public String getAlgorithm() {
        return algorithm;
    }

    public void update(byte value) {
        digest.update(new byte[] {value}, 0, 1);
    }

    public void update(byte[] bytes) {
        digest.update(bytes, 0, bytes.length);
    }

    public void update(byte[] bytes, int from, int count) {
        digest.update(bytes, from, count);
    }

    public byte[] digest() {
        byte[] result = digest.end();
        reset();
        return result;
    }

    public byte[] digest(byte[] bytes) {
        update(bytes);
        return digest();
    }

    public void reset() {
        digest = Digest.of(algorithm);
    }

    public static boolean isEqual(byte[] one, byte[] other) {
        if (one == null || other == null || one.length != other.length) {
            return one == other;
        }
        int different = 0;
        for (int i = 0; i < one.length; i++) {
            different |= one[i] ^ other[i];
        }
        return different == 0;
    }
}
