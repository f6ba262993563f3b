//! Records of shared state: whatever stands in a file or on a server, a state is read that can be written and read as the
//! same, or it is told to be unusable.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retry_command::store::file_record::{self, Found};
use retry_command::store::redis_record::Record;

fuzz_target!(|bytes: &[u8]| {
    let (found, next) = file_record::read(bytes, |_| true);
    if let Found::State { key, state } = found {
        // A key from a file may be longer than any that we write.
        if let Some(slot) = file_record::slot(next, &key, &state) {
            let mut file = bytes.to_vec();
            let offset = usize::try_from(next.offset()).expect("a small number");
            file.resize(file.len().max(offset + slot.len()), b' ');
            file[offset..offset + slot.len()].copy_from_slice(&slot);
            assert_eq!(file_record::read(&file, |_| true).0, Found::State { key, state });
        }
    }
    if let Some(record) = Record::decode("key", bytes) {
        let again = record.encode();
        // The mark of a write of ours; others may need escapes in JSON.
        let is_ours = record.by.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(!is_ours || again.starts_with(record.front().as_bytes()));
        assert_eq!(Record::decode("key", &again), Some(record));
    }
});
