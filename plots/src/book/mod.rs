//! The book: directives in chapters, and the build that fails on anything that is wrong with them.

mod build;
mod claims;
mod directive;
mod expand;
mod includes;
mod model;
mod pieces;
mod preprocessor;
mod trusted;
mod value;
mod warnings;

pub use build::build_book;
pub use preprocessor::{Unpickled, preprocess, supports};
