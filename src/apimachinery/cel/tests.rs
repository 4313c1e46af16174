use super::*;

fn value(expression: &str) -> Result<Value, Failure> {
    Program::compile(expression).expect("readable").evaluate(&[("self", map([("size".to_owned(), Value::Int(3))]))])
}

#[test]
fn kubernetes_functions() {
    for expression in [
        "self.size > 2 && has(self.size) && !has(self.other)",
        "[1, 2, 3].isSorted() && [1, 2, 3].sum() == 6 && [3, 1].min() == 1 && [3, 1].max() == 3",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && 'abc'.indexOf('b') == 1",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1]) && !sets.intersects([1], [2])",
        "'abc 123'.find('[0-9]+') == '123' && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
        "isURL('https://example.com:80/a?b=c') && !isURL('../x')",
        "url('https://user@example.com:80/a/b?c=d').getHostname() == 'example.com'",
        "url('https://[::1]:80/a').getHost() == '[::1]:80' && url('https://h/a/b?c').getEscapedPath() == '/a/b'",
        "url('https://h:80').getPort() == '80' && url('/a').getScheme() == ''",
        "isIP('10.0.0.1') && !isIP('10.0.0.256') && ip('::1').family() == 6 && ip('127.0.0.1').isLoopback()",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked().prefixLength() == 8",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.1.2.3/8').ip() == ip('10.1.2.3')",
        "quantity('1Gi').isGreaterThan(quantity('500Mi')) && quantity('1').compareTo(quantity('2')) == -1",
        "quantity('1k').add(20).asInteger() == 1020 && isQuantity('1.5') && !quantity('1.5').isInteger()",
        "quantity('1000m') == quantity('1') && quantity('-1').sign() == -1",
        "!format.named('dns1123Label').value().validate('a-b').hasValue()",
        "format.named('dns1123Label').value().validate('A_b').hasValue()",
        "['a', 'b'].all(x, x.matches('^[a-z]$')) && 'a,b'.split(',').size() == 2",
        "self.?other.orValue(7) == 7 && optional.none().hasValue() == false",
        "duration('1h') > duration('30m') && timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
        "'%s has %d'.format(['a', 2]) == 'a has 2' && 'Ab'.lowerAscii() == 'ab'",
    ] {
        assert_eq!(value(expression), Ok(Value::Bool(true)), "{expression}");
    }
}

#[test]
fn failures_are_the_servers_or_nobodys() {
    let error = |text: &str| Err(Failure::Error(text.to_owned()));
    assert_eq!(value("self.other > 1"), error("no such key: other"));
    assert_eq!(value("[1][3] == 1"), error("index out of bounds: 3"));
    assert_eq!(value("self.size / 0 == 1"), error("division by zero"));
    assert_eq!(value("self.size % 0 == 1"), error("modulus by zero"));
    assert_eq!(value("[].max() == 1"), error("max called on empty list"));
    for unknown in ["semver('1.0.0').major() == 1", "nobody > 1", "self.size.strange()", "self.size == 'a' + 1"] {
        assert_eq!(value(unknown), Err(Failure::Unsupported), "{unknown}");
    }
    assert!(Program::compile("self.").is_none() && Program::compile("").is_none());
}

#[test]
fn hostile_expressions_end() {
    for n in [8, 30, MOST_OPERATORS - 1, 20_000] {
        for expression in [
            "(".repeat(n),
            format!("{}1{}", "(".repeat(n), ")".repeat(n)),
            format!("{}1{}", "[".repeat(n), "]".repeat(n)),
            format!("{}1", "1+".repeat(n)),
            format!("{}1", "1==".repeat(n)),
            format!("{}true", "!".repeat(n)),
            format!("{}1", "-".repeat(n)),
            format!("self{}", ".a".repeat(n)),
            format!("{}true", "true&&".repeat(n / 2)),
            format!("{}true", "true?true:".repeat(n / 16)),
            format!("{}true{}", "[1].all(x,".repeat(n), ")".repeat(n)),
            format!("'{}'", "\\'((".repeat(n)),
        ] {
            let Some(program) = Program::compile(&expression) else { continue };
            assert!(n < MOST_OPERATORS || expression.starts_with('\'') || n == MOST_OPERATORS - 1, "{expression}");
            assert!(!program.uses("oldSelf"));
            let _ = program.evaluate(&[("self", Value::Int(1))]);
        }
    }
}
