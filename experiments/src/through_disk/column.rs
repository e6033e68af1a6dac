//! The column: int64 in a row, as a message, as raw bytes in a file, and as a Parquet file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use parquet::basic::{Compression, Encoding};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::Int64Type;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use harness::Random;

pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// So many numbers are turned into bytes at once: small enough for the nearest cache.
const BLOCK: usize = 1_024;

/// Rows that no reader of a file makes room for on the file's word alone.
const ROWS_AT_ONCE: usize = 1 << 16;

/// A column of numbers. As an item it is its bytes, in one copy, as the pickle of a NumPy array is; its clone is another reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Column(pub(crate) Arc<Vec<i64>>);

impl Column {
    /// `rows` numbers, of which a codec that counts bits saves nothing much.
    pub(super) fn of(rows: usize, seed: u64) -> Self {
        Self(Arc::new(Random::seeded(seed).take(rows).map(|number| (number >> 16) as i64).collect()))
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len() * 8
    }
}

/// What a receiver makes of a column: it reads every number, and notices if two are swapped.
pub(super) fn checksum(numbers: &[i64]) -> u64 {
    let weighed = |(place, number): (usize, &i64)| (*number as u64).wrapping_mul(2 * place as u64 + 1);
    numbers.iter().enumerate().map(weighed).fold(numbers.len() as u64, u64::wrapping_add)
}

/// Hands over the bytes of `numbers`, block by block.
fn in_blocks<E>(numbers: &[i64], mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut bytes = [0; BLOCK * 8];
    for block in numbers.chunks(BLOCK) {
        let places = bytes.as_chunks_mut::<8>().0.iter_mut();
        places.zip(block).for_each(|(place, number)| *place = number.to_le_bytes());
        take(&bytes[..block.len() * 8])?;
    }
    Ok(())
}

/// Fills `numbers` from bytes, block by block.
fn from_blocks<E>(numbers: &mut [i64], mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(), E> {
    let mut bytes = [0; BLOCK * 8];
    for block in numbers.chunks_mut(BLOCK) {
        fill(&mut bytes[..block.len() * 8])?;
        block.iter_mut().zip(bytes.as_chunks::<8>().0).for_each(|(number, place)| *number = i64::from_le_bytes(*place));
    }
    Ok(())
}

// ANCHOR: pickled
impl Encode for Column {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.0.len() as u64).encode(encoder)?;
        in_blocks(&self.0, |bytes| encoder.writer().write(bytes))
    }
}
// ANCHOR_END: pickled

impl<C> Decode<C> for Column {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let rows = usize::try_from(u64::decode(decoder)?).map_err(|_| DecodeError::LimitExceeded)?;
        // Refused here if the limit does not allow so much.
        decoder.claim_container_read::<i64>(rows)?;
        let mut numbers = vec![0; rows];
        from_blocks(&mut numbers, |bytes| decoder.reader().read(bytes))?;
        Ok(Self(Arc::new(numbers)))
    }
}
bincode::impl_borrow_decode!(Column);

// ANCHOR: raw
/// Writes the numbers, and nothing else: how many there are, and what they are, the reader has to know.
pub(super) fn write_raw(numbers: &[i64], to: &mut impl Write) -> io::Result<()> {
    // Blocks as large as a pipe's, so that a file costs few calls.
    let mut to = io::BufWriter::with_capacity(1 << 18, to);
    in_blocks(numbers, |bytes| to.write_all(bytes))?;
    to.flush()
}

/// Reads as many numbers as the file holds.
pub(super) fn read_raw(file: &File) -> Result<Vec<i64>, Fault> {
    let bytes = file.metadata()?.len();
    let mut numbers = vec![0; usize::try_from(bytes / 8)?];
    let mut from = io::BufReader::with_capacity(1 << 18, file);
    from_blocks(&mut numbers, |bytes| from.read_exact(bytes))?;
    Ok(numbers)
}
// ANCHOR_END: raw

// ANCHOR: parquet
/// Writes the column as a Parquet file: plain values, without a dictionary or statistics, compressed or not.
pub(super) fn write_parquet(numbers: &[i64], compression: Compression, to: File) -> Result<(), Fault> {
    let schema = Arc::new(parse_message_type("message table { required int64 value; }")?);
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    while let Some(mut column) = group.next_column()? {
        column.typed::<Int64Type>().write_batch(numbers, None, None)?;
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

/// Reads it back, from the schema and the number of rows that the file itself tells.
pub(super) fn read_parquet(file: File) -> Result<Vec<i64>, Fault> {
    let reader = SerializedFileReader::new(file)?;
    let rows = usize::try_from(reader.metadata().file_metadata().num_rows())?;
    let mut numbers = Vec::with_capacity(rows.min(ROWS_AT_ONCE));
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        let mut column = get_typed_column_reader::<Int64Type>(group.get_column_reader(0)?);
        while numbers.len() < rows {
            let (records, ..) = column.read_records(rows - numbers.len(), None, None, &mut numbers)?;
            if records == 0 {
                break;
            }
        }
    }
    Ok(numbers)
}
// ANCHOR_END: parquet

#[cfg(test)]
mod tests {
    use multiprocess::codec;

    use super::*;

    #[test]
    fn a_column_comes_back_from_every_form() {
        for rows in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 100_003] {
            let column = Column::of(rows, 7);
            let bytes = codec::dumps(&column).unwrap();
            assert!((rows * 8..rows * 8 + 10).contains(&bytes.len()));
            assert_eq!(codec::loads::<Column>(&bytes).unwrap(), column);
            let mut file = tempfile::tempfile().unwrap();
            write_raw(&column.0, &mut file).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            assert_eq!(read_raw(&file).unwrap(), *column.0);
            for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
                let file = tempfile::tempfile().unwrap();
                write_parquet(&column.0, compression, file.try_clone().unwrap()).unwrap();
                assert_eq!(read_parquet(file).unwrap(), *column.0);
            }
        }
    }

    #[test]
    fn a_column_that_announces_more_than_it_brings_is_refused_before_there_is_room_for_it() {
        let bytes = codec::dumps(&(1_u64 << 40)).unwrap();
        assert!(codec::loads::<Column>(&bytes).unwrap_err().is_decode());
    }

    #[test]
    fn every_number_and_its_place_show_in_the_checksum() {
        assert_ne!(checksum(&[1, 2]), checksum(&[2, 1]));
        assert_ne!(checksum(&[1, 0]), checksum(&[1]));
    }
}
