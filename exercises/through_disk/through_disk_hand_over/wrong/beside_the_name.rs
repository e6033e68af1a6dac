//! Games the moments: whatever is under the name stays as it is, and the new content is put beside it.
//! expect: answer FAIL the new content is not there

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let beside = format!("{name}.new");
    files.create(&beside)?;
    files.append(&beside, content)?;
    files.sync(&beside)?;
    files.sync_folder()
}
