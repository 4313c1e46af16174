//! The progress meter, drawn once: curl shows it wherever the body does not go to a terminal.

use std::io::Write;

const HEADING: &str = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed
";

/// The heading and the empty first line, which curl draws before anything is known.
pub fn begin(stderr: &mut dyn Write) {
    let _ = write!(stderr, "{HEADING}{}", line(0, 0));
}

/// The last line, over the first one.
pub fn end(stderr: &mut dyn Write, received: u64, millis: i64) {
    let speed = received.saturating_mul(1000) / u64::try_from(millis).unwrap_or(0).max(1);
    let _ = writeln!(stderr, "{}", line(received, speed));
}

fn line(received: u64, speed: u64) -> String {
    let percent = if received == 0 { 0 } else { 100 };
    let (received, speed) = (size(received), size(speed));
    format!(
        "\r{percent:>3} {received}  {percent:>3} {received}    0     0  {speed}      0 --:--:-- --:--:-- --:--:-- {speed}"
    )
}

/// Five columns: bytes, or thousands of them.
fn size(bytes: u64) -> String {
    match bytes {
        0..100_000 => format!("{bytes:>5}"),
        100_000..10_240_000 => format!("{:>4}k", bytes / 1024),
        _ => format!("{:>4}M", bytes / 1024 / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_curl_draws_it() {
        let mut drawn = Vec::new();
        begin(&mut drawn);
        end(&mut drawn, 10, 3);
        let drawn = String::from_utf8(drawn).unwrap();
        let lines: Vec<&str> = drawn.split(['\r', '\n']).collect();
        assert_eq!(lines[3], "  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0");
        assert_eq!(lines[4], "100    10  100    10    0     0   3333      0 --:--:-- --:--:-- --:--:--  3333");
        assert_eq!(
            (size(99_999).as_str(), size(200_000).as_str(), size(50 << 20).as_str()),
            ("99999", " 195k", "  50M")
        );
    }
}
