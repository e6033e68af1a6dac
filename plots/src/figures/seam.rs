//! `LESSON-seam`: a few pixels around the first seam, stitched from strips, from one piece, and what differs.

use anyhow::Result;
use record::VariantSummary;

use super::Figure;
use super::rows::WIDTH;
use crate::draw::{Anchor, Canvas, Face, Ink, draw, finish};
use crate::{Cell, Column, Shelved, Table, words};

/// A pixel of the image, in pixels of the drawing.
const CELL: (i32, i32) = (9, 16);
/// Where the first picture begins, after the numbers of the rows, and how far the next one lies to its right.
const LEFT: i32 = 46;
const PITCH: i32 = 228;
/// The room above a picture, for what it is called.
const TOP: i32 = 32;

/// The variant that reports a region around its first seam.
const VARIANT: &str = "strips_no_halo";

/// Draws the region around the first seam.
///
/// # Errors
/// If the lesson was not measured.
pub fn seam(lesson: &Shelved) -> Result<Figure> {
    let summary = lesson.measured()?;
    let region = lesson.variant(VARIANT).and_then(Region::of).unwrap_or_default();
    let title = region.title(summary.plan.params.get("rows").copied().unwrap_or(0));
    let caption = "Each cell is a pixel of the result; the stronger its colour, the brighter it is, and what is left blank is black. \
                   Left: every strip convolved alone. Middle: one piece. Right: by how much they differ. Set in bold are the numbers \
                   of the rows that differ."
        .to_owned();
    let height = TOP + CELL.1 * region.rows.len().max(1) as i32 + 10;
    let svg = draw(WIDTH as u32, height as u32, |canvas| region.draw(canvas))?;
    let svg = finish(&svg, &title, &caption)?;
    Ok(Figure { name: format!("{}-seam", lesson.info.stem), title, caption, svg, table: region.table() })
}

/// One row of the region; pixels in thousandths.
#[derive(Debug, Default)]
struct Row {
    number: u64,
    stitched: Vec<u64>,
    serial: Vec<u64>,
}

impl Row {
    fn differing(&self) -> u64 {
        self.stitched.iter().zip(&self.serial).filter(|(stitched, serial)| stitched != serial).count() as u64
    }
}

#[derive(Debug, Default)]
struct Region {
    rows: Vec<Row>,
    seams: u64,
    differing_rows: u64,
}

impl Region {
    /// As the first subject reported it; they all report the same.
    fn of(variant: &VariantSummary) -> Option<Self> {
        let fact = |name: &str| variant.facts.get(name)?.first().copied();
        let series = |name: &str| variant.series.get(name)?.first();
        let columns = usize::try_from(fact("region_columns")?).ok().filter(|columns| *columns > 0)?;
        let (stitched, serial) = (series("stitched_permille")?, series("serial_permille")?);
        let rows = stitched.chunks(columns).zip(serial.chunks(columns)).zip(fact("region_first_row")?..);
        let row = |((stitched, serial), number): ((&[u64], &[u64]), u64)| Row {
            number,
            stitched: stitched.to_vec(),
            serial: serial.to_vec(),
        };
        Some(Self { rows: rows.map(row).collect(), seams: fact("seams")?, differing_rows: fact("differing_rows")? })
    }

    fn title(&self, of: u64) -> String {
        if self.differing_rows == 0 {
            return "No row of the stitched image differs".to_owned();
        }
        let (verb, seams) =
            (if self.differing_rows == 1 { "differs" } else { "differ" }, words::plural(self.seams, "seam"));
        let rows = words::count(self.differing_rows);
        format!("Without a halo {rows} of {} {verb}, at {seams}", words::plural(of, "row"))
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let brightest = self.rows.iter().flat_map(|row| row.stitched.iter().chain(&row.serial)).max();
        let share = |value: u64| value as f64 / (*brightest.unwrap_or(&1)).max(1) as f64;
        for (picture, name) in (0..).zip(["strips, each alone", "one piece", "difference"]) {
            let at = (LEFT + picture * PITCH, TOP / 2);
            canvas.text(at, Anchor::Start, name, (13, Face::Prose, Ink::Text))?;
        }
        for (place, row) in (0..).zip(&self.rows) {
            let y = TOP + place * CELL.1;
            let face = if row.differing() > 0 { Face::Strong } else { Face::Prose };
            canvas.text((LEFT - 8, y + CELL.1 / 2), Anchor::End, &row.number.to_string(), (12, face, Ink::Text))?;
            for (column, (stitched, serial)) in (0..).zip(row.stitched.iter().zip(&row.serial)) {
                let pictures =
                    [(*stitched, Ink::Blue), (*serial, Ink::Blue), (stitched.abs_diff(*serial), Ink::Vermillion)];
                for (picture, (value, ink)) in (0..).zip(pictures) {
                    let x = LEFT + picture * PITCH + column * CELL.0;
                    cell(canvas, (x, y), ink, share(value))?;
                }
            }
        }
        let Some(columns) = self.rows.first().map(|row| row.serial.len() as i32) else { return Ok(()) };
        let bottom = TOP + CELL.1 * self.rows.len() as i32;
        for left in [LEFT, LEFT + PITCH, LEFT + 2 * PITCH] {
            let right = left + columns * CELL.0;
            let frame = [(left, TOP), (right, TOP), (right, bottom), (left, bottom), (left, TOP)];
            canvas.path(&frame, Ink::Quiet, 1)?;
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mean =
            |pixels: &[u64]| format!("{:.3}", pixels.iter().sum::<u64>() as f64 / pixels.len().max(1) as f64 / 1e3);
        let row = |row: &Row| {
            vec![
                Cell::Text(words::count(row.number)),
                Cell::Text(mean(&row.stitched)),
                Cell::Text(mean(&row.serial)),
                Cell::Text(format!("{} of {}", row.differing(), row.serial.len())),
            ]
        };
        let columns = ["strips, mean", "one piece, mean", "pixels that differ"].map(Column::right);
        let columns = std::iter::once(Column::left("row")).chain(columns).collect();
        Table { caption: None, columns, rows: self.rows.iter().map(row).collect() }
    }
}

/// A pixel; the square of its brightness sets neighbours more clearly apart.
fn cell(canvas: &Canvas<'_>, (x, y): (i32, i32), ink: Ink, brightness: f64) -> Result<()> {
    let opacity = (brightness * brightness * 100.0).round() / 100.0;
    if opacity == 0.0 {
        return Ok(());
    }
    canvas.bar((x, y), (x + CELL.0, y + CELL.1), ink, opacity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn the_title_counts_the_rows() {
        let mut lesson = samples::lesson_for("seam");
        assert_eq!(seam(&lesson).unwrap().title, "Without a halo 6 of 2,000 rows differ, at 3 seams");
        let variants = &mut lesson.summary.as_mut().unwrap().variants;
        let strips = variants.iter_mut().find(|variant| variant.name == VARIANT).unwrap();
        strips.facts.get_mut("differing_rows").unwrap()[0] = 0;
        assert_eq!(seam(&lesson).unwrap().title, "No row of the stitched image differs");
    }

    #[test]
    fn a_run_without_a_region_still_has_a_figure() {
        let mut lesson = samples::lesson_for("seam");
        lesson.summary.as_mut().unwrap().variants.clear();
        assert_eq!(seam(&lesson).unwrap().table.rows.len(), 0);
    }

    #[test]
    fn the_two_rows_at_the_seam_are_blank_and_bold() {
        let figure = seam(&samples::lesson_for("seam")).unwrap();
        assert_eq!(figure.svg.matches("font-weight=\"bold\"").count(), 2, "{}", figure.svg);
        assert_eq!(figure.table.rows[3][1], Cell::Text("0.000".to_owned()));
    }
}
