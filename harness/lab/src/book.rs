//! `lab book`: builds the book from the records, serves it on the loopback address, or opens it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use plots::Shelf;

use crate::cli::{BookOptions, Ended, PreprocessOptions, WrongCall};
use crate::shelf::{self, Choice};

/// How long a browser may take to send its request or to take our answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn book(options: &BookOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    let index = build(&root, &shelf::shelf(&root, &Choice::Speaking)?)?;
    match options.what.as_str() {
        "serve" => serve(index.parent().context("the index lies in a folder")?, options.port)?,
        "open" => open(&index)?,
        _ => {}
    }
    Ok(Ended::Fine)
}

/// Builds the book and says where it is.
pub(crate) fn build(root: &Path, shelf: &Shelf) -> anyhow::Result<PathBuf> {
    let index = plots::build_book(&root.join("book"), shelf)?;
    writeln!(std::io::stdout().lock(), "the book is at {}", index.display())?;
    Ok(index)
}

/// Whether there is a book to build.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let settings = root.join("book/book.toml");
    anyhow::ensure!(settings.is_file(), "{} is missing: there would be no book to build", settings.display());
    Ok(())
}

/// Answers a stock mdbook that calls `cargo lab preprocess`.
pub(crate) fn preprocess(options: &PreprocessOptions) -> anyhow::Result<Ended> {
    match &options.question[..] {
        [supports, renderer] if supports == "supports" => {
            Ok(if plots::supports(renderer) { Ended::Fine } else { Ended::NotFine })
        }
        [] => {
            let root = shelf::root()?;
            plots::preprocess(
                shelf::shelf(&root, &Choice::Speaking)?,
                std::io::stdin().lock(),
                std::io::stdout().lock(),
            )?;
            Ok(Ended::Fine)
        }
        _ => Err(WrongCall("expected nothing, or: supports RENDERER".to_owned()).into()),
    }
}

fn open(index: &Path) -> anyhow::Result<()> {
    let started = Command::new("xdg-open").arg(index).stdin(Stdio::null()).status();
    let status = started.with_context(|| format!("cannot start xdg-open; open {} in a browser", index.display()))?;
    anyhow::ensure!(status.success(), "xdg-open failed; open {} in a browser", index.display());
    Ok(())
}

/// Serves the files of `folder` until Ctrl-C, one request at a time: a reader, not the world, is at the other end.
fn serve(folder: &Path, port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.with_context(|| format!("cannot listen on port {port}; choose another with --port"))?;
    writeln!(std::io::stdout().lock(), "serving it at http://{}/ until Ctrl-C", listener.local_addr()?)?;
    for stream in listener.incoming() {
        // A browser that goes away in mid-request is no reason to stop.
        if let Err(fault) = stream.and_then(|stream| answer(folder, &stream)) {
            eprintln!("a request failed: {fault}");
        }
    }
    Ok(())
}

fn answer(folder: &Path, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    BufReader::new(std::io::Read::take(stream, 8_192)).read_line(&mut request)?;
    let mut out = stream;
    let Some(path) = requested(&request) else {
        return out.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let mut path = folder.join(path);
    if path.is_dir() {
        path.push("index.html");
    }
    match File::open(&path) {
        Ok(mut file) => {
            let (length, kind) = (file.metadata()?.len(), content_type(&path));
            write!(
                out,
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )?;
            std::io::copy(&mut file, &mut out).map(|_| ())
        }
        Err(_) => {
            out.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\nConnection: close\r\n\r\nNot found\n")
        }
    }
}

/// The path of a GET request, below the served folder; none for anything that would lead out of it.
fn requested(request: &str) -> Option<PathBuf> {
    let mut words = request.split_ascii_whitespace();
    let path = (words.next()? == "GET").then(|| words.next())??;
    let path = path.split(['?', '#']).next()?.trim_start_matches('/');
    let path = PathBuf::from(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_never_leaves_the_book() {
        assert_eq!(requested("GET / HTTP/1.1\r\n"), Some(PathBuf::new()));
        assert_eq!(requested("GET /a/b.html?x=1 HTTP/1.1\r\n"), Some(PathBuf::from("a/b.html")));
        assert_eq!(requested("GET /../secret HTTP/1.1\r\n"), None);
        assert_eq!(requested("GET /a/../../secret HTTP/1.1\r\n"), None);
        assert_eq!(requested("POST / HTTP/1.1\r\n"), None);
        assert_eq!(requested(""), None);
    }
}
