//! A catalogue of articles: what every task needs, and nobody wants to send more often than he must.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::sieve::LOOKUPS;

multiprocess::mark!(static CROSSINGS = "catalogue_crossings");

/// Articles with names and prices. Each time it is turned into bytes or back is counted, as mark `catalogue_crossings`, in the process
/// that does it; and each look for a price as mark `lookups`.
#[derive(Debug)]
pub struct Catalogue {
    articles: Vec<(String, u64)>,
}

impl Catalogue {
    /// Articles numbered from 0, one for each number; the prices are between 1 and 1000.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let article = |number: u64| (format!("article {number:016x}"), 1 + number % 1000);
        Self { articles: numbers.into_iter().map(article).collect() }
    }

    /// The price of an article; 0 if there is no such article.
    ///
    /// ```
    /// let catalogue = exercises::Catalogue::of([41, 1999]);
    /// assert_eq!([0, 1, 2].map(|article| catalogue.price(article)), [42, 1000, 0]);
    /// ```
    pub fn price(&self, article: u32) -> u64 {
        LOOKUPS.count();
        self.articles.get(article as usize).map_or(0, |(_, price)| *price)
    }
}

impl Encode for Catalogue {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        CROSSINGS.count();
        self.articles.encode(encoder)
    }
}

impl<C> Decode<C> for Catalogue {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        CROSSINGS.count();
        Ok(Self { articles: Vec::decode(decoder)? })
    }
}
bincode::impl_borrow_decode!(Catalogue);
