# SPDX-License-Identifier: MIT
# With bench/draw.awk, which reads the files: `what` = record prints the main figures of one of bench/results/*.json
# as a record of bench/results/history.json; the other values of `what` print that file's tables and its picture.

# Adds a figure to the record, and Xen's beside it, where they were measured.
function measured(name, ours, xens, form) {
    if (ours != "") record = record sprintf(", \"%s\": " form, name, ours)
    if (xens != "") record = record sprintf(", \"%s_xen\": " form, name, xens)
}
# Returns what the field says, or "" if the file has no such field.
function own(who, op) { return (who, op) in hypervisor ? hypervisor[who, op] : "" }
function print_record(    i, k, name, at) {
    record = sprintf("{\"commit\": \"%s\", \"date\": \"%s\", \"stored\": \"%s\", \"kernel\": \"%s\"", commit, date, \
        file, setup["kernel"])
    if (file == "linux" || file == "short") {
        measured("ten", ten["pinion"], file == "linux" ? ten["xen"] : "", "%d")
        for (i = 2; i <= 10; i++) {
            name = figure_name[i]
            measured(name, own("pinion", name), file == "linux" ? own("xen", name) : "", \
                name == "boot" ? "%d" : "%.1f")
        }
    } else if (file == "dom0") {
        if (!("pinion" in idle)) return
        measured("idle", idle["pinion"], idle["xen"], "%d")
    } else for (i = 1; i <= tlbs; i++) {
        at = tlb[i]
        for (k = 1; k <= tlb_rows[at]; k++)
            if (tlb_title[k] == "null system call")
                measured("walks_" at, walks[at, "pinion", k], walks[at, "xen", k], "%.2f")
    }
    print record "}"
}

file == "short" && /"title"/ && !/"bare"/ { # the guard's file has Pinion's figures only
    hypervisor["pinion", text("name")] = number("pinion_hypervisor")
}
/"stored"/ && what != "record" {
    at = text("commit"); kind = text("stored"); day = text("date")
    if (kind == "short") {
        guard[++guards] = at; date_of[at] = day; kernel_of[at] = text("kernel")
    } else {
        if (kind != "tlb" && !(at in full)) { full[at] = ++commits; day_of[commits] = day }
        if (day != days_last) { days[++day_count] = day; days_last = day }
    }
    for (i = 1; i <= figures; i++) {
        name = figure_name[i]
        if (text(name) == "") continue
        if (kind == "short") short[at, name] = number(name)
        else {
            of_day[day, name] = number(name)
            if (text(name "_xen") != "") xen_last[name] = number(name "_xen")
            if (kind == "tlb") continue
            cost[full[at], name] = number(name); cost_of_xen[full[at], name] = number(name "_xen")
        }
    }
}
BEGIN {
    figures = split("ten null_call touch copy_on_write unmap pipe_trip fork_exit fork_exec shell boot idle " \
        "walks_skylake walks_zen", figure_name, " ")
    split("ten operations together|null call|anonymous page fault|copy-on-write fault|munmap, per page|" \
        "pipe round trip|fork + exit|fork + exec + exit|a shell's command|reset to first process|" \
        "bytes for an idle guest|walks of a null call, with PCID|without", figure_title, "|")
    charted = 11 # walks are not in the picture: 0 has no place on its scale
}
END {
    if (what == "record") print_record()
    else if (what == "history") table_of_days()
    else if (what == "guarded") table_of_guard()
    else if (what == "picture-history") draw_history()
}

function shown_as(name, value) {
    if (value == "") return ""
    return name ~ /^walks/ ? tenths(value) : name == "ten" || name == "boot" ? millions(value) : grouped(value)
}
function heading(titles, from, to,    i) {
    printf "| %s |", titles
    for (i = from; i <= to; i++) printf " %s |", figure_title[i]
    printf "\n|%s|", titles ~ /\|/ ? "---|---|---" : "---"
    for (i = from; i <= to; i++) printf "--:|"
    print ""
}
function table_of_days(    d, i) {
    heading("last stored on", 1, figures)
    for (d = 1; d <= day_count; d++) {
        printf "| %s |", days[d]
        for (i = 1; i <= figures; i++) printf " %s |", shown_as(figure_name[i], of_day[days[d], figure_name[i]])
        print ""
    }
    printf "| Xen, last |"
    for (i = 1; i <= figures; i++) printf " %s |", shown_as(figure_name[i], xen_last[figure_name[i]])
    print ""
}
function table_of_guard(    r, i) {
    heading("stored on | commit | guest's kernel", 2, 10)
    for (r = 1; r <= guards; r++) {
        printf "| %s | %s | %s |", date_of[guard[r]], guard[r], kernel_of[guard[r]]
        for (i = 2; i <= 10; i++) printf " %s |", shown_as(figure_name[i], short[guard[r], figure_name[i]])
        print ""
    }
}
# Returns how far up in a panel of the given height a share of Xen's belongs, on a logarithmic scale.
function up(share, lowest, high) { return high * log(share / lowest) / log(1.25 / lowest) }
# Draws a panel for each figure: over the commits that stored it, Pinion's in percent of Xen's in the same run.
function draw_history(    i, c, k, lowest, high, width, left, top, x, y, path, dots, share, lines, line, name, first, last, at) {
    width = 232; high = 112; lowest = 1
    for (c = 1; c <= commits; c++)
        for (i = 1; i <= charted; i++) {
            name = figure_name[i]
            if (((c, name) in cost) && cost_of_xen[c, name] && cost[c, name] / cost_of_xen[c, name] < lowest)
                lowest = cost[c, name] / cost_of_xen[c, name]
        }
    lowest *= 0.45
    lines = split("0.01 0.02 0.05 0.1 0.2 0.5 1", line, " ")
    begin_picture(860, 66 + int((charted + 2) / 3) * 176, "What the hypervisor itself costs, in percent of Xen, commit by commit (logarithmic)")
    printf "<line x1=\"12\" y1=\"40\" x2=\"40\" y2=\"40\" stroke=\"%s\" stroke-width=\"2\"/>\n", colour["hypervisor"]
    printf "<circle cx=\"26\" cy=\"40\" r=\"3\" fill=\"%s\"/>\n", colour["hypervisor"]
    words(46, 44, "start", "Pinion: a point for each commit that stored other figures")
    printf "<line x1=\"392\" y1=\"40\" x2=\"420\" y2=\"40\" stroke=\"#1e293b\" stroke-width=\"2\" stroke-dasharray=\"5 3\"/>\n"
    words(426, 44, "start", "Xen, in the same run: 100 %")
    for (i = 1; i <= charted; i++) {
        name = figure_name[i]
        left = 40 + (i - 1) % 3 * 280; top = 88 + int((i - 1) / 3) * 176
        words(left, top - 8, "start", figure_title[i], "font-size=\"11\" font-weight=\"bold\"")
        bar(left, top + high, width, 1, "#1e293b"); bar(left, top, 1, high, "#1e293b")
        for (k = 1; k <= lines; k++) {
            if (line[k] < lowest) continue
            y = top + high - up(line[k], lowest, high)
            if (line[k] < 1) bar(left, y, width, 1, "#e2e8f0")
            else printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#1e293b\" " \
                "stroke-width=\"2\" stroke-dasharray=\"5 3\"/>\n", left, y, left + width, y
            words(left - 4, y + 4, "end", 100 * line[k] " %", "font-size=\"9\"")
        }
        words(left + width, top - 8, "end", "Xen " shown_as(name, xen_last[name]), "font-size=\"10\"")
        path = ""; dots = ""; first = 0; last = -100; at = ""
        for (c = 1; c <= commits; c++) {
            x = left + (c - 0.5) * width / commits
            if (day_of[c] != at) {
                bar(x, top + high, 1, 4, "#1e293b")
                if (x - last >= 12) {
                    words(x, top + high + 14, "middle", substr(at, 1, 7) == substr(day_of[c], 1, 7) ? \
                        substr(day_of[c], 9) : substr(day_of[c], 6), "font-size=\"9\"")
                    last = x
                }
                at = day_of[c]
            }
            if (!((c, name) in cost) || !cost_of_xen[c, name]) continue
            share = cost[c, name] / cost_of_xen[c, name]; y = top + high - up(share, lowest, high)
            path = path sprintf("%.1f,%.1f ", x, y)
            dots = dots sprintf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, colour["hypervisor"])
            if (!first) {
                first = c
                if (c < commits / 2) words(left + 4, y - 8, "start", shown_as(name, cost[c, name]), "font-size=\"10\"")
                else words(x - 8, y + 4, "end", shown_as(name, cost[c, name]), "font-size=\"10\"")
            }
            k = c
        }
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n%s", path, \
            colour["hypervisor"], dots
        if (k > first)
            words(left + width + 2, y + 16, "end", sprintf("%s, %.0f %%", shown_as(name, cost[k, name]), 100 * share), \
                "font-size=\"10\"")
    }
    print "</svg>"
}
