//! What a route's cache comes to.

use crate::{
    ByteSize, CachePolicy, HonorRequest, PathSegment, Ranges, RequestCookies, SetCookie,
    check::{cache::placeholders, known::Known},
    diagnostic::Code,
    file::{At, CacheFile, HonorRequestWord, RangesWord, RequestCookiesWord, SetCookieWord},
};

use super::{
    Governed,
    key::merge_key,
    lifetimes::merge_lifetimes,
    picker::{Picker, Stack, Wrong, list},
};

pub(super) fn merge_cache(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CacheFile>,
    known: &Known<'_>,
    route: Governed<'_>,
) -> CachePolicy {
    let standard = CachePolicy::default();
    CachePolicy {
        mode: picker.mode(stack, |block| block.mode.as_ref()),
        lifetimes: merge_lifetimes(picker, stack, known),
        key: merge_key(picker, stack, known),
        request_cookies: request_cookies(picker, stack),
        set_cookie: set_cookie(picker, stack),
        honor_request: honor_request(picker, stack),
        ranges: ranges(picker, stack),
        max_object: picker.pick(
            stack,
            "max_object",
            |block| block.max_object.as_ref(),
            |size| size.0,
            standard.max_object,
            ByteSize::to_string,
        ),
        max_variants: picker.pick(
            stack,
            "max_variants",
            |block| block.max_variants.as_ref(),
            |count| u16::try_from(count.0).unwrap_or(u16::MAX),
            standard.max_variants,
            u16::to_string,
        ),
        tags: tags(picker, stack, route),
    }
}

fn request_cookies(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> RequestCookies {
    picker.pick(
        stack,
        "request_cookies",
        |block| block.request_cookies.as_ref(),
        |word| match word {
            RequestCookiesWord::Bypass => RequestCookies::Bypass,
            RequestCookiesWord::Ignore => RequestCookies::Ignore,
        },
        RequestCookies::default(),
        |cookies| match cookies {
            RequestCookies::Bypass => "bypass".to_owned(),
            RequestCookies::Ignore => "ignore".to_owned(),
        },
    )
}

fn set_cookie(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> SetCookie {
    picker.pick(
        stack,
        "set_cookie",
        |block| block.set_cookie.as_ref(),
        |word| match word {
            SetCookieWord::Refuse => SetCookie::Refuse,
            SetCookieWord::Strip => SetCookie::Strip,
        },
        SetCookie::default(),
        |cookie| match cookie {
            SetCookie::Refuse => "refuse".to_owned(),
            SetCookie::Strip => "strip".to_owned(),
        },
    )
}

fn honor_request(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> HonorRequest {
    picker.pick(
        stack,
        "honor_request",
        |block| block.honor_request.as_ref(),
        |word| match word {
            HonorRequestWord::Always => HonorRequest::Always,
            HonorRequestWord::Never => HonorRequest::Never,
            HonorRequestWord::Trusted => HonorRequest::Trusted,
        },
        HonorRequest::default(),
        |honor| match honor {
            HonorRequest::Always => "always".to_owned(),
            HonorRequest::Never => "never".to_owned(),
            HonorRequest::Trusted => "trusted".to_owned(),
        },
    )
}

fn ranges(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> Ranges {
    picker.pick(
        stack,
        "ranges",
        |block| block.ranges.as_ref(),
        |word| match word {
            RangesWord::Fill => Ranges::Fill,
            RangesWord::Parts => Ranges::Parts,
            RangesWord::Pass => Ranges::Pass,
        },
        Ranges::default(),
        |ranges| match ranges {
            Ranges::Fill => "fill".to_owned(),
            Ranges::Parts => "parts".to_owned(),
            Ranges::Pass => "pass".to_owned(),
        },
    )
}

/// The tags, whose parameters can only be compared with a path here.
fn tags(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CacheFile>,
    route: Governed<'_>,
) -> Vec<String> {
    let tags = picker.pick(
        stack,
        "tags",
        |block| block.tags.as_ref(),
        Vec::clone,
        Vec::new(),
        |tags| list(&tags.iter().map(|tag| tag.value.clone()).collect::<Vec<_>>()),
    );
    for tag in &tags {
        check_parameters(picker, tag, route);
    }
    tags.into_iter().map(|tag| tag.value).collect()
}

fn check_parameters(picker: &mut Picker<'_, '_>, tag: &At<String>, route: Governed<'_>) {
    let Some(path) = route.path else { return };
    for name in placeholders(&tag.value).unwrap_or_default() {
        let is_it =
            |segment: &PathSegment| matches!(segment, PathSegment::Parameter(one) if one == name);
        if path.segments.iter().any(is_it) {
            continue;
        }
        let shown = picker.findings.show(tag);
        let parameter = match picker.findings.written(tag.node) {
            Some(_) => "such parameter".to_owned(),
            None => format!("parameter `{{{name}}}`"),
        };
        let message = format!(
            "`{shown}`: the path of the route `{}` has no {parameter}",
            route.name
        );
        picker.wrong.push(Wrong {
            node: tag.node,
            code: Code::BadTag,
            message,
            help: "only a whole segment can be meant: with the path `/products/{id}`, `{id}`",
        });
    }
}
