//! What draws it: figures and tables from records, and the preprocessor that puts them into the book.
//!
//! This crate reads what `record` describes and writes text: SVG, HTML, a book. It measures nothing and judges nothing; the
//! same [`Shelf`] gives the same bytes on every machine. Read in this order: [`Shelf`] (what there is to draw from),
//! [`figures`] and [`tables`] (pure functions from one lesson to a drawing or a table), [`Unpickled`] (the directives that
//! chapters use) and [`build_book`] (the book, built in-process).

mod book;
mod draw;
pub mod figures;
mod markup;
mod median;
mod shelf;
mod table;
pub mod tables;
pub mod words;

#[cfg(test)]
mod samples;

pub use book::{Unpickled, build_book, preprocess, supports};
pub use figures::Figure;
pub use markup::Markup;
pub use shelf::{Shelf, Shelved};
pub use table::{Align, Cell, Column, Table};
