use super::*;

fn texts(home: &Path, attempt: u64) -> Vec<String> {
    let all = Reader::open(home, "u", "c", attempt).unwrap().rest().unwrap();
    all.iter().map(|e| format!("{} {}", e.stream, String::from_utf8_lossy(&e.text))).collect()
}

#[test]
fn what_was_written_is_read_line_by_line() {
    let dir = assert_fs::TempDir::new().unwrap();
    let mut log = Writer::open(dir.path(), "u", "c", 0).unwrap();
    log.write(Stream::Stdout, b"one\ntw").unwrap();
    log.write(Stream::Stderr, b"err\n\n").unwrap();
    log.write(Stream::Stdout, b"o\nrest").unwrap();
    assert_eq!(log.unfinished(Stream::Stdout), b"rest");
    append(dir.path(), "u", "c", 0, Stream::Stdout, "appended").unwrap();
    log.finish().unwrap();
    let want = ["stdout one\n", "stderr err\n", "stderr \n", "stdout two\n", "stdout appended\n", "stdout rest"];
    assert_eq!(texts(dir.path(), 0), want);
    assert!(texts(dir.path(), 1).is_empty());
    assert!(Writer::open(dir.path(), "u", "../c", 0).is_err());
    assert!(append(dir.path(), "", "c", 0, Stream::Stdout, "x").is_err());
}

#[test]
fn long_lines_are_cut_and_come_back_whole() {
    let dir = assert_fs::TempDir::new().unwrap();
    let mut log = Writer::open(dir.path(), "u", "c", 3).unwrap();
    let line = "x".repeat(LONGEST * 2 + 7);
    log.write(Stream::Stdout, format!("{line}\n{line}").as_bytes()).unwrap();
    log.finish().unwrap();
    let all = Reader::open(dir.path(), "u", "c", 3).unwrap().rest().unwrap();
    assert_eq!(all.len(), 6);
    let text: Vec<u8> = all.into_iter().flat_map(|e| e.text).collect();
    assert_eq!(text, format!("{line}\n{line}").as_bytes());
}

#[test]
fn a_reader_follows_a_log_that_grows_and_is_put_aside() {
    let dir = assert_fs::TempDir::new().unwrap();
    let mut reader = Reader::open(dir.path(), "u", "c", 0).unwrap();
    assert_eq!(reader.next_entry().unwrap(), None);
    let mut log = Writer::open(dir.path(), "u", "c", 0).unwrap();
    log.write(Stream::Stdout, b"a\n").unwrap();
    assert_eq!(reader.next_entry().unwrap().unwrap().text, b"a\n");
    assert_eq!(reader.next_entry().unwrap(), None);
    log.rotate().unwrap();
    log.write(Stream::Stdout, b"b\nc\n").unwrap();
    let rest: Vec<_> = reader.rest().unwrap().into_iter().map(|e| e.text).collect();
    assert_eq!(rest, [b"b\n", b"c\n"]);
    assert_eq!(texts(dir.path(), 0), ["stdout a\n", "stdout b\n", "stdout c\n"]);
}
