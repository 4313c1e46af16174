//! curl's command line, as far as it is known here.

use std::time::Duration;

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub silent: bool,
    pub show_error: bool,
    pub verbose: bool,
    pub include: bool,
    pub head: bool,
    pub fail: bool,
    pub fail_with_body: bool,
    pub location: bool,
    pub insecure: bool,
    pub get: bool,
    pub no_meter: bool,
    pub retry_connrefused: bool,
    pub retry_all_errors: bool,
    pub retry: u32,
    pub retry_delay: Option<u64>,
    pub max_redirs: Option<u32>,
    pub max_time: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub request: Option<String>,
    pub user: Option<String>,
    pub user_agent: Option<String>,
    pub referer: Option<String>,
    pub range: Option<String>,
    pub write_out: Option<String>,
    pub headers: Vec<String>,
    /// The pieces of a body, joined by `&`.
    pub data: Vec<Data>,
    pub json: bool,
    /// For the URLs in their order.
    pub outputs: Vec<Output>,
    pub urls: Vec<String>,
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Text(String),
    /// From a file or `-`; line ends are dropped unless it is binary.
    File {
        path: String,
        binary: bool,
    },
    /// `name=content` with the content percent-encoded.
    UrlEncode(String),
}

/// Where a body goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    File(String),
    /// Named after the URL's last part.
    Remote,
}

/// A command line that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    Run(Box<Options>),
    Print(String),
}

/// Options that take no value: short, long.
const FLAGS: &[(char, &str)] = &[
    ('s', "silent"),
    ('S', "show-error"),
    ('v', "verbose"),
    ('i', "include"),
    ('i', "show-headers"),
    ('I', "head"),
    ('f', "fail"),
    ('L', "location"),
    ('k', "insecure"),
    ('G', "get"),
    ('O', "remote-name"),
    ('N', "no-buffer"),
    ('g', "globoff"),
    ('4', "ipv4"),
    ('6', "ipv6"),
    ('0', "http1.0"),
    ('#', "progress-bar"),
    ('q', "disable"),
    ('V', "version"),
    ('\0', "http1.1"),
    ('\0', "compressed"),
    ('\0', "path-as-is"),
    ('\0', "fail-with-body"),
    ('\0', "no-progress-meter"),
    ('\0', "retry-connrefused"),
    ('\0', "retry-all-errors"),
];

/// Options that take a value.
const VALUES: &[(char, &str)] = &[
    ('o', "output"),
    ('w', "write-out"),
    ('m', "max-time"),
    ('X', "request"),
    ('d', "data"),
    ('H', "header"),
    ('u', "user"),
    ('A', "user-agent"),
    ('e', "referer"),
    ('r', "range"),
    ('\0', "connect-timeout"),
    ('\0', "retry"),
    ('\0', "retry-delay"),
    ('\0', "retry-max-time"),
    ('\0', "max-redirs"),
    ('\0', "data-ascii"),
    ('\0', "data-raw"),
    ('\0', "data-binary"),
    ('\0', "data-urlencode"),
    ('\0', "json"),
    ('\0', "url"),
    ('\0', "noproxy"),
];

/// Reads a command line; an error is what is wrong with it.
pub fn parse(args: &[String]) -> Result<Parsed, String> {
    let mut options = Options::default();
    let mut args = args.iter().map(String::as_str);
    let mut only_urls = false;
    while let Some(arg) = args.next() {
        if only_urls || arg == "-" || !arg.starts_with('-') {
            options.urls.push(arg.to_owned());
        } else if arg == "--" {
            only_urls = true;
        } else if let Some(name) = arg.strip_prefix("--") {
            if let Some(text) = information(name) {
                return Ok(Parsed::Print(text));
            }
            long(&mut options, name, &mut args)?;
        } else if let Some(text) = cluster(&mut options, arg, &mut args)? {
            return Ok(Parsed::Print(text));
        }
    }
    if options.urls.is_empty() {
        return Err("(2) no URL specified".to_owned());
    }
    Ok(Parsed::Run(Box::new(options)))
}

fn information(name: &str) -> Option<String> {
    match name {
        "help" => Some(help()),
        "version" => Some(format!("curl {} (kstate's own: http and https)\nProtocols: http https\n", super::VERSION)),
        _ => None,
    }
}

fn help() -> String {
    let mut text = "Usage: curl [options...] <url>\n".to_owned();
    let known = FLAGS.iter().map(|f| (f, "")).chain(VALUES.iter().map(|v| (v, " <value>")));
    for ((short, long), value) in known {
        let short = if *short == '\0' { "    ".to_owned() } else { format!("-{short}, ") };
        text.push_str(&format!(" {short}--{long}{value}\n"));
    }
    text
}

fn long<'a>(options: &mut Options, name: &str, args: &mut impl Iterator<Item = &'a str>) -> Result<(), String> {
    if FLAGS.iter().any(|(_, known)| *known == name) {
        flag(options, name);
        return Ok(());
    }
    if VALUES.iter().any(|(_, known)| *known == name) {
        let given = args.next().ok_or(format!("option --{name}: requires parameter"))?;
        return value(options, name, given).ok_or(format!("option --{name}: expected a proper numerical parameter"));
    }
    Err(format!("option --{name}: is unknown"))
}

/// `-sSf`, `-o FILE`, `-oFILE`, `-so FILE`.
fn cluster<'a>(
    options: &mut Options,
    arg: &str,
    args: &mut impl Iterator<Item = &'a str>,
) -> Result<Option<String>, String> {
    for (at, letter) in arg.char_indices().skip(1) {
        if letter == 'h' || letter == 'V' {
            return Ok(information(if letter == 'h' { "help" } else { "version" }));
        }
        if let Some((_, name)) = FLAGS.iter().find(|(short, _)| *short == letter) {
            flag(options, name);
            continue;
        }
        let Some((_, name)) = VALUES.iter().find(|(short, _)| *short == letter) else {
            return Err(format!("option {arg}: is unknown"));
        };
        let rest = &arg[at + letter.len_utf8()..];
        let given = if rest.is_empty() { args.next() } else { Some(rest) };
        let given = given.ok_or(format!("option {arg}: requires parameter"))?;
        value(options, name, given).ok_or(format!("option {arg}: expected a proper numerical parameter"))?;
        return Ok(None);
    }
    Ok(None)
}

fn flag(options: &mut Options, name: &str) {
    match name {
        "silent" => options.silent = true,
        "show-error" => options.show_error = true,
        "verbose" => options.verbose = true,
        "include" | "show-headers" => options.include = true,
        "head" => options.head = true,
        "fail" => options.fail = true,
        "fail-with-body" => options.fail_with_body = true,
        "location" => options.location = true,
        "insecure" => options.insecure = true,
        "get" => options.get = true,
        "remote-name" => options.outputs.push(Output::Remote),
        "no-progress-meter" | "progress-bar" => options.no_meter = true,
        "retry-connrefused" => options.retry_connrefused = true,
        "retry-all-errors" => options.retry_all_errors = true,
        // The others ask for what is done anyway: no globbing, no buffering, HTTP/1.1, no compression to undo.
        _ => {}
    }
}

/// `None` for a number that is none.
fn value(options: &mut Options, name: &str, given: &str) -> Option<()> {
    let text = given.to_owned();
    match name {
        "output" => options.outputs.push(Output::File(text)),
        "write-out" => options.write_out = Some(text),
        "max-time" => options.max_time = seconds(given)?,
        "connect-timeout" => options.connect_timeout = seconds(given)?,
        "request" => options.request = Some(text),
        "header" => options.headers.push(text),
        "user" => options.user = Some(text),
        "user-agent" => options.user_agent = Some(text),
        "referer" => options.referer = Some(text),
        "range" => options.range = Some(text),
        "retry" => options.retry = given.parse().ok()?,
        "retry-delay" => options.retry_delay = Some(given.parse().ok()?),
        "max-redirs" => {
            options.max_redirs = Some(given.parse::<i64>().ok().map(|n| u32::try_from(n).unwrap_or(u32::MAX))?)
        }
        "url" => options.urls.push(text),
        "data-raw" => options.data.push(Data::Text(text)),
        "data-urlencode" => options.data.push(Data::UrlEncode(text)),
        "data" | "data-ascii" | "data-binary" | "json" => {
            options.json |= name == "json";
            options.data.push(match given.strip_prefix('@') {
                Some(path) => Data::File { path: path.to_owned(), binary: !matches!(name, "data" | "data-ascii") },
                None => Data::Text(text),
            });
        }
        // noproxy: there is none. retry-max-time: the number of retries is bound enough.
        _ => {}
    }
    Some(())
}

/// Seconds with a fraction; zero is no limit.
fn seconds(text: &str) -> Option<Option<Duration>> {
    let duration = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some((!duration.is_zero()).then_some(duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Parsed, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn run(line: &str) -> Options {
        match parsed(line).unwrap() {
            Parsed::Run(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clusters_values_and_urls() {
        let options = run("-sSfL -o out -w%{http_code} -m 2.5 --connect-timeout 0 a -XPUT --data x -d @f b -- -c");
        assert!(options.silent && options.show_error && options.fail && options.location);
        assert_eq!(options.outputs, [Output::File("out".to_owned())]);
        assert_eq!(options.write_out.as_deref(), Some("%{http_code}"));
        assert_eq!((options.max_time, options.connect_timeout), (Some(Duration::from_millis(2500)), None));
        assert_eq!(options.request.as_deref(), Some("PUT"));
        let file = Data::File { path: "f".to_owned(), binary: false };
        assert_eq!(options.data, [Data::Text("x".to_owned()), file]);
        assert_eq!(options.urls, ["a", "b", "-c"]);
        assert_eq!(run("-so/dev/null x").outputs, [Output::File("/dev/null".to_owned())]);
    }

    #[test]
    fn what_curl_says_of_bad_lines() {
        for (line, want) in [
            ("", "(2) no URL specified"),
            ("--foo x", "option --foo: is unknown"),
            ("-Z9 x", "option -Z9: is unknown"),
            ("-m", "option -m: requires parameter"),
            ("--retry", "option --retry: requires parameter"),
            ("-m x y", "option -m: expected a proper numerical parameter"),
            ("-m -1 y", "option -m: expected a proper numerical parameter"),
        ] {
            assert_eq!(parsed(line).unwrap_err(), want, "{line}");
        }
        assert!(matches!(parsed("-V"), Ok(Parsed::Print(_))));
        assert!(matches!(parsed("--help"), Ok(Parsed::Print(_))));
    }
}
