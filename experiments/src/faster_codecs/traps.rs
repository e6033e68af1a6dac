//! What is easy to get wrong with these codecs, each shown by a test below.

use serde_bytes::{ByteBuf, Bytes};

use super::data::{Arrays, sum_arrays};
use super::pass::Clock;

// ANCHOR: serde_bytes
/// The same arrays, each as a string of bytes. Without this, serde passes a `Vec<u8>` one element at a time.
pub(super) fn as_bytes(arrays: &Arrays) -> Vec<&Bytes> {
    arrays.iter().map(|array| Bytes::new(array)).collect()
}
// ANCHOR_END: serde_bytes

/// Reads arrays that serde made anew as strings of bytes.
pub(super) fn made_byte_bufs(arrays: Vec<ByteBuf>, clock: &mut Clock) -> u64 {
    clock.decoded();
    sum_arrays(arrays.iter().map(|array| array.as_slice()))
}

#[cfg(test)]
mod tests {
    use bincode::config::standard;
    use rkyv::rancor::Error;
    use rkyv::util::AlignedVec;
    use rkyv::{Archived, access, to_bytes};

    // ANCHOR: wincode_limit
    /// A message of its own making is refused for its size, before anybody has sent it.
    #[test]
    fn wincode_refuses_to_encode_more_than_its_limit_on_preallocation() {
        let large = vec![0.5_f64; (4 << 20) / 8 + 1];
        let refused = wincode::serialize(&large).unwrap_err();
        assert!(refused.to_string().contains("4194304"), "{refused}");
        assert!(wincode::serialize(&large[..large.len() - 1].to_vec()).is_ok());
    }
    // ANCHOR_END: wincode_limit

    #[test]
    fn bincode_limits_only_what_it_decodes() {
        let limited = standard().with_limit::<16>();
        let bytes = bincode::encode_to_vec([0.5_f64; 100], limited).unwrap();
        assert_eq!(bytes.len(), 800);
        let refused = bincode::decode_from_slice::<[f64; 100], _>(&bytes, limited).unwrap_err();
        assert!(matches!(refused, bincode::error::DecodeError::LimitExceeded), "{refused}");
    }

    // ANCHOR: alignment
    /// An archive is read where it lies, and so it has to lie where its numbers may: at a multiple of their size.
    #[test]
    fn rkyv_refuses_an_archive_at_an_odd_address() {
        let archive = to_bytes::<Error>(&vec![0.5_f64; 8]).unwrap();
        let mut shifted: AlignedVec = AlignedVec::new();
        shifted.push(0);
        shifted.extend_from_slice(&archive);
        assert!(access::<Archived<Vec<f64>>, Error>(&archive).is_ok());
        let refused = access::<Archived<Vec<f64>>, Error>(&shifted[1..]).unwrap_err();
        assert!(refused.to_string().contains("align"), "{refused}");
    }
    // ANCHOR_END: alignment

    #[test]
    fn only_our_own_pickle_refuses_bytes_that_are_left_over() {
        let mut bytes = bincode::encode_to_vec(7_u8, standard()).unwrap();
        bytes.push(0);
        assert!(multiprocess::codec::loads::<u8>(&bytes).unwrap_err().to_string().contains("left over"));
        assert_eq!(postcard::from_bytes::<u8>(&bytes).unwrap(), 7);
        assert_eq!(wincode::deserialize::<u8>(&bytes).unwrap(), 7);
        assert_eq!(bincode::decode_from_slice::<u8, _>(&bytes, standard()).unwrap(), (7, 1));
    }

    #[test]
    fn serde_takes_bytes_one_by_one_unless_told() {
        let arrays = super::super::data::arrays(3, 1);
        let told = postcard::to_stdvec(&super::as_bytes(&arrays)).unwrap();
        assert_eq!(told, postcard::to_stdvec(&arrays).unwrap(), "the same message, made in another way");
    }
}
