//! FNV-1a (Fowler, Noll and Vo; draft-eastlake-fnv): small hashes that stay the same on every machine and in every
//! version. They notice accidents and tell names apart; they withstand nobody who means harm.

const OFFSET_64: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME_64: u64 = 0x0100_0000_01b3;
const OFFSET_128: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME_128: u128 = 0x0100_0000_0000_0000_0000_013b;

/// A changed byte always changes it: each step can be undone.
pub(crate) fn hash64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(OFFSET_64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME_64))
}

pub(crate) fn hash128(bytes: &[u8]) -> u128 {
    bytes.iter().fold(OFFSET_128, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME_128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_values_come_out() {
        assert_eq!(hash64(b""), OFFSET_64);
        assert_eq!(hash64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash64(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(hash128(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(hash128(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }
}
