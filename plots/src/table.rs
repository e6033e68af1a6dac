//! A table of text and numbers, and its HTML.

use crate::markup::{Markup, escape};

/// Rows under named columns.
///
/// ```
/// use plots::{Cell, Column, Table};
/// let table = Table {
///     columns: vec![Column::left("variant"), Column::right("time")],
///     rows: vec![vec![Cell::Code("serial".into()), Cell::Text("182 ms".into())]],
///     caption: None,
/// };
/// assert!(table.html().as_str().contains(r#"<td class="number">182 ms</td>"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows, if nothing beside it says so.
    pub caption: Option<String>,
    /// Its columns. The cells of the first one are the headings of the rows.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell per column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column's heading and how its cells are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub title: String,
    /// How the cells stand.
    pub align: Align,
}

impl Column {
    /// A column of words.
    pub fn left(title: &str) -> Self {
        Self { title: title.to_owned(), align: Align::Left }
    }

    /// A column of numbers.
    pub fn right(title: &str) -> Self {
        Self { title: title.to_owned(), align: Align::Right }
    }
}

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers: right-aligned and never broken.
    Right,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words or a number.
    Text(String),
    /// A name from the code.
    Code(String),
    /// Anything else.
    Markup(Markup),
}

impl Cell {
    /// A dash: there is no such number.
    pub fn none() -> Self {
        Self::Text("–".to_owned())
    }

    /// The text, or a dash.
    pub fn or_none(text: Option<String>) -> Self {
        text.map_or_else(Self::none, Self::Text)
    }

    fn html(&self) -> Markup {
        match self {
            Self::Text(text) => Markup::text(text),
            Self::Code(name) => Markup::code(name),
            Self::Markup(markup) => markup.clone(),
        }
    }
}

impl Table {
    /// The table without the columns that hold no value at all.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let has_value = |place: usize| self.rows.iter().any(|row| row[place] != Cell::none());
        let keep: Vec<bool> = (0..self.columns.len()).map(has_value).collect();
        let kept = |place: usize| keep[place];
        self.columns =
            self.columns.into_iter().enumerate().filter(|(place, _)| kept(*place)).map(|(_, one)| one).collect();
        let row = |row: Vec<Cell>| {
            row.into_iter().enumerate().filter(|(place, _)| kept(*place)).map(|(_, one)| one).collect()
        };
        self.rows = self.rows.into_iter().map(row).collect();
        self
    }

    /// The table in a wrapper that scrolls when the page is narrow.
    pub fn html(&self) -> Markup {
        let mut html = String::from("<div class=\"table-wrapper\"><table>");
        if let Some(caption) = &self.caption {
            html.push_str(Markup::element("caption", "", Markup::prose(caption)).as_str());
        }
        html.push_str("<thead><tr>");
        for column in &self.columns {
            let class = number_class(column.align);
            html.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escape(&column.title)));
        }
        html.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            html.push_str(&self.row(row));
        }
        html.push_str("</tbody></table></div>");
        Markup::trusted(html)
    }

    fn row(&self, cells: &[Cell]) -> String {
        let mut html = String::from("<tr>");
        for (place, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
            let (class, content) = (number_class(column.align), cell.html());
            html.push_str(&match place {
                0 => format!("<th scope=\"row\"{class}>{}</th>", content.as_str()),
                _ => format!("<td{class}>{}</td>", content.as_str()),
            });
        }
        html.push_str("</tr>");
        html
    }
}

fn number_class(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Right => " class=\"number\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_any_value_can_be_left_out() {
        let row = |last: Cell| vec![Cell::Code("a".to_owned()), Cell::none(), last];
        let columns = vec![Column::left("a"), Column::left("b"), Column::left("c")];
        let table = Table { caption: None, columns, rows: vec![row(Cell::none()), row(Cell::Text("1".to_owned()))] };
        let table = table.without_empty_columns();
        assert_eq!(table.columns.iter().map(|column| column.title.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert!(table.rows.iter().all(|row| row.len() == 2));
    }

    #[test]
    fn headings_have_their_scope_and_numbers_their_class() {
        let table = Table {
            caption: Some("of `x`".to_owned()),
            columns: vec![Column::left("who"), Column::right("n & m")],
            rows: vec![vec![Cell::Text("<i>".to_owned()), Cell::or_none(None)]],
        };
        assert_eq!(
            table.html().as_str(),
            "<div class=\"table-wrapper\"><table><caption>of <code>x</code></caption>\
             <thead><tr><th scope=\"col\">who</th><th scope=\"col\" class=\"number\">n &amp; m</th></tr></thead>\
             <tbody><tr><th scope=\"row\">&lt;i&gt;</th><td class=\"number\">–</td></tr></tbody></table></div>"
        );
    }
}
