# SPDX-License-Identifier: MIT
# Reads one of bench/results/*.json, which has one record a line, and prints the table or picture that
# the variable `what` names.

function text(name) { # returns a text field of the current line, without quotes
    if (!match($0, "\"" name "\": (\"[^\"]*\"|[-0-9.]+)")) return ""
    found = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
    gsub(/"/, "", found)
    return found
}
function number(name) { return text(name) + 0 }

# Formats a number: 1234567 becomes 1,234,567; a number below 1000 gets one decimal.
function grouped(value, digits, out) {
    if (value < 1000) return sprintf(value == int(value) ? "%d" : "%.1f", value)
    digits = sprintf("%.0f", value)
    while (length(digits) > 3) {
        out = "," substr(digits, length(digits) - 2) out
        digits = substr(digits, 1, length(digits) - 3)
    }
    return digits out
}
function tenths(value) { return grouped(value < 1000 ? int(value * 10 + 0.5) / 10 : value) }
function millions(value) { return sprintf("%.1f M", value / 1e6) }

# Breaks a sentence into lines of at most 100 columns.
function wrapped(sentence,    word, count, i, line, out) {
    count = split(sentence, word, " ")
    for (i = 1; i <= count; i++) {
        if (line != "" && length(line " " word[i]) > 100) { out = out line "\n"; line = "" }
        line = line (line == "" ? "" : " ") word[i]
    }
    return out line
}

# The figure of an operation, of a switch without what it costs to pass the byte without one: that is another
# operation, of the same size.
function beyond_passing(figure, on, op,    pass) {
    pass = op
    if (!sub(/^field_switch_[0-9]+_/, "field_pass_", pass)) return figure[on op]
    return figure[on op] - figure[on pass]
}
function table_for_the_field(    i, k, t, op, row) {
    for (t = 1; t <= tlbs; t++)
        for (row = 1; row <= tlb_rows[tlb[t]]; row++)
            for (k = 1; k <= 3; k++)
                walked_in[tlb[t] " " machine[k] " " tlb_name[row]] = walks[tlb[t], machine[k], row]
    for (i = 1; i <= operations; i++)
        for (k = 1; k <= 3; k++) executed[machine[k] " " operation[i]] = all[machine[k], operation[i]]
    print "| | instructions: bare | Xen | Pinion | walks, Skylake: bare | Xen | Pinion | walks, Zen: bare | Xen | Pinion |"
    print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for (i = 1; i <= operations; i++) {
        op = operation[i]
        if (op ~ /^field_pass_/) continue
        printf "| %s |", title[op]
        for (k = 1; k <= 3; k++) printf " %s |", tenths(beyond_passing(executed, machine[k] " ", op))
        for (t = 1; t <= tlbs; t++)
            for (k = 1; k <= 3; k++)
                printf " %s |", tenths(beyond_passing(walked_in, tlb[t] " " machine[k] " ", op))
        print ""
    }
}

/^"(cpu|kernel|xen|emulator|compiler|form|processor|processors|load)"/ {
    match($0, /^"[a-z]*"/)
    key = substr($0, 2, RLENGTH - 2)
    setup[key] = text(key)
}
/"tlb"/ {
    at = text("tlb"); op = text("name")
    if (!(at in tlb_rows)) tlb[++tlbs] = at
    row = ++tlb_rows[at]; tlb_title[row] = text("title")
    tlb_name[row] = op
    for (k = 1; k <= 3; k++) {
        walks[at, machine[k], row] = number(machine[k] "_walks")
        second[at, machine[k], row] = number(machine[k] "_second")
        hypervisor[at, machine[k], row] = number(machine[k] "_hypervisor")
        kernel[at, machine[k], row] = number(machine[k] "_kernel")
        user[at, machine[k], row] = number(machine[k] "_user")
    }
}
/"title"/ && /"bare"/ {
    op = text("name"); operation[++operations] = op; title[op] = text("title")
    for (k = 1; k <= 3; k++) {
        all[machine[k], op] = number(machine[k])
        hypervisor[machine[k], op] = number(machine[k] "_hypervisor")
        kernel[machine[k], op] = number(machine[k] "_kernel")
        user[machine[k], op] = number(machine[k] "_user")
    }
}
/^"boot"/ {
    for (k = 1; k <= 3; k++) {
        hypervisor[machine[k], "boot"] = number(machine[k] "_hypervisor")
        kernel[machine[k], "boot"] = number(machine[k] "_kernel")
        user[machine[k], "boot"] = number(machine[k] "_firmware")
    }
}
/^"hypervisor_in_ten/ { for (k = 1; k <= 3; k++) ten[machine[k]] = number(machine[k]) }
/"function"/ {
    op = text("operation")
    if (++listed[op] <= 8)
        hot[op] = hot[op] (listed[op] > 1 ? ", " : "") "`" text("function") "` " \
            (op == "boot" || op == "all" ? millions(number("instructions")) : grouped(int(number("instructions") + 0.5)))
}
/"kernel_function"/ {
    op = text("operation")
    if (++extras[op] <= 8)
        extra[op] = extra[op] (extras[op] > 1 ? ", " : "") "`" text("kernel_function") "` +" \
            grouped(int(number("pinion") - number("bare") + 0.5))
}
/"ticks"/ {
    works++
    work_title[works] = text("title"); threads[works] = number("threads")
    ticks[works] = number("ticks"); floor[works] = number("floor")
    back[works] = number("back"); steps[works] = number("instructions")
}
/^"idle"/ { for (k = 2; k <= 3; k++) idle[machine[k]] = number(machine[k]) }
/"step"/ {
    steps_of_dom0++
    step_title[steps_of_dom0] = text("title")
    for (k = 2; k <= 3; k++) {
        hypervisor[machine[k], steps_of_dom0] = number(machine[k])
        kernel[machine[k], steps_of_dom0] = number(machine[k] "_kernels")
        user[machine[k], steps_of_dom0] = number(machine[k] "_users")
    }
}
/"row"/ {
    rows++
    row_title[rows] = text("row")
    for (k = 1; k <= 4; k++) isolation[k, rows] = number(isolates[k])
}
/"walks_of"/ {
    walked++
    walk_title[walked] = text("walks_of"); walk[3, walked] = number("pinion"); walk[4, walked] = number("isolated")
}
/"guest_mib"/ { views++; view_mib[views] = number("guest_mib"); view_tables[views] = number("tables") }
/"module"/ {
    entries++
    entry_title[entries] = (text("firmware") == "bios" ? "BIOS" : "UEFI") ", " text("module")
    for (k = 2; k <= 3; k++) hypervisor[machine[k], entries] = number(machine[k])
}
/"pair"/ {
    for (k = 1; k <= 3; k++)
        if (machine[k] == text("pair")) {
            hypervisor[machine[k], "pair"] = number("hypervisor")
            kernel[machine[k], "pair"] = number("kernel"); user[machine[k], "pair"] = number("user")
        }
}
/"shape"/ { # figures for several CPUs or threads that work at the same time
    op = text("title"); at = number("cpus") + number("threads")
    if (!(op in has)) { has[op] = 1; subject[++subjects] = op }
    if (!(at in tick)) { tick[at] = 1; mark[++marks] = at }
    figure[op, text("shape"), at] = number("per_request") + number("rate")
}
BEGIN {
    shape[1] = "each"; shape[2] = "one"
    colour["each"] = "#c2410c"; colour["one"] = "#64748b"
    isolates[1] = "xen"; isolates[2] = "xpti"; isolates[3] = "pinion"; isolates[4] = "isolated"
    machine[1] = "bare"; machine[2] = "xen"; machine[3] = "pinion"
    shown[1] = "bare"; shown[2] = "Xen"; shown[3] = "Pinion"
    named["skylake"] = "Intel Skylake, with PCID"; named["zen"] = "AMD Zen, without PCID"
    colour["hypervisor"] = "#c2410c"; colour["kernel"] = "#64748b"; colour["user"] = "#cbd5e1"
    colour["ticks"] = "#c2410c"; colour["floor"] = "#64748b"
}
END {
    if (what == "setup") {
        print wrapped(sprintf("Linux %s, Xen %s, %s, emulated CPU `%s`; Pinion built by %s.", \
            setup["kernel"], setup["xen"], setup["emulator"], setup["cpu"], setup["compiler"]))
    } else if (what == "operations") {
        print "| operation | bare | Xen | Pinion | added by Xen | added by Pinion | Pinion's of Xen's |"
        print "|---|--:|--:|--:|--:|--:|--:|"
        for (i = 1; i <= operations; i++) {
            op = operation[i]
            xen = all["xen", op] - all["bare", op]; ours = all["pinion", op] - all["bare", op]
            printf "| %s | %s | %s | %s | %s | %s | %.0f %% |\n", title[op], grouped(all["bare", op]), \
                grouped(all["xen", op]), grouped(all["pinion", op]), grouped(xen), grouped(ours), \
                100 * ours / xen
        }
    } else if (what == "shares") {
        print "| operation | bare: kernel | Xen: itself | its guest's kernel | Pinion: itself | its guest's kernel |"
        print "|---|--:|--:|--:|--:|--:|"
        for (i = 1; i <= operations; i++) {
            op = operation[i]
            printf "| %s | %s | %s | %s | %s | %s |\n", title[op], grouped(kernel["bare", op]), \
                grouped(hypervisor["xen", op]), grouped(kernel["xen", op]), \
                grouped(hypervisor["pinion", op]), grouped(kernel["pinion", op])
        }
        print "\n" wrapped(sprintf("During the first ten operations, with all repetitions, Xen itself " \
            "executes %s instructions and Pinion %s, which is %.0f %% of that.", millions(ten["xen"]), \
            millions(ten["pinion"]), 100 * ten["pinion"] / ten["xen"]))
    } else if (what == "boot") {
        print "| reset to first process | hypervisor | guest's kernel | firmware |"
        print "|---|--:|--:|--:|"
        for (k = 1; k <= 3; k++)
            printf "| %s | %s | %s | %s |\n", shown[k], millions(hypervisor[machine[k], "boot"]), \
                millions(kernel[machine[k], "boot"]), millions(user[machine[k], "boot"])
    } else if (what == "hottest") {
        print "| operation | the hypervisor's functions, instructions per operation |"
        print "|---|---|"
        for (i = 1; i <= operations; i++) printf "| %s | %s |\n", title[operation[i]], hot[operation[i]]
        printf "| boot, in all | %s |\n", hot["boot"]
    } else if (what == "extra") {
        print "| operation | kernel, bare | kernel, on Pinion | where it executes more |"
        print "|---|--:|--:|---|"
        for (i = 1; i <= operations; i++) {
            op = operation[i]
            printf "| %s | %s | %s | %s |\n", title[op], grouped(kernel["bare", op]), \
                grouped(kernel["pinion", op]), extra[op]
        }
    } else if (what == "engine") {
        print "| engine, natively | threads | ticks | floor | times the floor | undoing it | instructions |"
        print "|---|--:|--:|--:|--:|--:|--:|"
        for (i = 1; i <= works; i++)
            printf "| %s | %d | %s | %s | %.2f | %s | %s |\n", work_title[i], threads[i], \
                grouped(ticks[i]), grouped(floor[i]), ticks[i] / floor[i], \
                back[i] ? grouped(back[i]) : "", steps[i] ? grouped(steps[i]) : ""
        printf "\nProcessor: %s. Compiler: %s.\n", setup["processor"], setup["compiler"]
    } else if (what == "dom0") {
        print "| millions of instructions | Xen | its kernels | its users | Pinion | its kernels | its users | Pinion's of Xen's |"
        print "|---|--:|--:|--:|--:|--:|--:|--:|"
        for (i = 1; i <= steps_of_dom0; i++) {
            printf "| %s |", step_title[i]
            for (k = 2; k <= 3; k++)
                printf " %.1f | %.1f | %.1f |", hypervisor[machine[k], i] / 1e6, kernel[machine[k], i] / 1e6, \
                    user[machine[k], i] / 1e6
            print hypervisor["xen", i] ? sprintf(" %.0f %% |", 100 * hypervisor["pinion", i] / hypervisor["xen", i]) : ""
        }
        if (idle["xen"])
            print "\n" wrapped(sprintf("For an idle guest of 128 MiB Xen needs %s bytes beside the guest's own memory, " \
                "Pinion %s.", grouped(idle["xen"]), grouped(idle["pinion"])))
    } else if (what == "entries") {
        print "| GRUB on a machine with, and dom0's kernel | Xen | Pinion | Xen's in multiples of Pinion's |"
        print "|---|--:|--:|--:|"
        for (i = 1; i <= entries; i++)
            printf "| %s | %s | %s | %s |\n", entry_title[i], millions(hypervisor["xen", i]), \
                millions(hypervisor["pinion", i]), hypervisor["pinion", i] ? \
                sprintf("%.1f", hypervisor["xen", i] / hypervisor["pinion", i]) : ""
        print "\n" wrapped(sprintf("Xen %s; %s, emulated CPU `%s`, one instruction a nanosecond; dom0's kernel %s.", \
            setup["xen"], setup["emulator"], setup["cpu"], setup["kernel"]))
    } else if (what == "isolation") {
        print "| the hypervisor's instructions | Xen, `xpti=no` | `xpti=yes` | more | Pinion, `never` | `always` | more |"
        print "|---|--:|--:|--:|--:|--:|--:|"
        for (i = 1; i <= rows; i++)
            print "| " row_title[i] " |" dearer(isolation[1, i], isolation[2, i]) dearer(isolation[3, i], isolation[4, i])
        if (views) {
            print "\n| a guest's memory | page tables of its view | of its memory |"
            print "|---|--:|--:|"
        }
        for (i = 1; i <= views; i++)
            printf "| %d MiB | %d | %.3f %% |\n", view_mib[i], view_tables[i], 100 * view_tables[i] / (view_mib[i] * 256)
        if (walked) {
            print "\n| walks of the page tables for one operation: Intel Skylake | Pinion, `never`, with PCID | `always`, without |"
            print "|---|--:|--:|"
        }
        for (i = 1; i <= walked; i++)
            print "| " walk_title[i] " | " tenths(walk[3, i]) " | " tenths(walk[4, i]) " |"
        print "\n" wrapped(sprintf("Xen %s; %s, emulated CPU `%s`. Compiler: %s.", setup["xen"], setup["emulator"], \
            setup["cpu"], setup["compiler"]))
    } else if (what == "pair") {
        print "| a round trip, instructions | hypervisor | kernel | user |"
        print "|---|--:|--:|--:|"
        for (k = 2; k <= 3; k++)
            printf "| %s | %s | %s | %s |\n", shown[k], grouped(hypervisor[machine[k], "pair"]), \
                grouped(kernel[machine[k], "pair"]), grouped(user[machine[k], "pair"])
        if (hypervisor["xen", "pair"])
            print "\n" wrapped(sprintf("Pinion executes %.0f %% of what Xen executes.", \
                100 * hypervisor["pinion", "pair"] / hypervisor["xen", "pair"]))
    } else if (what == "misses") {
        for (i = 1; i <= tlbs; i++) {
            printf "%s| walks for one operation: %s | bare | Xen | Pinion | in the second level: bare | Xen | Pinion |\n", \
                (i > 1 ? "\n" : ""), named[tlb[i]]
            print "|---|--:|--:|--:|--:|--:|--:|"
            for (row = 1; row <= tlb_rows[tlb[i]]; row++) {
                printf "| %s |", tlb_title[row]
                for (k = 1; k <= 3; k++) printf " %s |", tenths(walks[tlb[i], machine[k], row])
                for (k = 1; k <= 3; k++) printf " %s |", tenths(second[tlb[i], machine[k], row])
                print ""
            }
        }
        print "\n" wrapped(sprintf("Linux %s, Xen %s, %s; Pinion built by %s.", setup["kernel"], setup["xen"], \
            setup["emulator"], setup["compiler"]))
    } else if (what == "field") {
        table_for_the_field()
    } else if (what == "misses-who") {
        for (i = 1; i <= tlbs; i++) {
            printf "%s| walks by: %s | Xen: itself | its guest's kernel | user | Pinion: itself | its guest's kernel | user |\n", \
                (i > 1 ? "\n" : ""), named[tlb[i]]
            print "|---|--:|--:|--:|--:|--:|--:|"
            for (row = 1; row <= tlb_rows[tlb[i]]; row++) {
                printf "| %s |", tlb_title[row]
                for (k = 2; k <= 3; k++)
                    printf " %s | %s | %s |", tenths(hypervisor[tlb[i], machine[k], row]), \
                        tenths(kernel[tlb[i], machine[k], row]), tenths(user[tlb[i], machine[k], row])
                print ""
            }
        }
    } else if (what == "scale") {
        table_of_shapes("instructions of the hypervisor for a request", "CPUs", "a guest for each", \
            "one guest")
        print "\n" wrapped(sprintf("%s, emulated CPU `%s`. Compiler: %s.", setup["emulator"], \
            setup["cpu"], setup["compiler"]))
    } else if (what == "rates") {
        table_of_shapes("requests a second, natively", "threads", "a domain for each", "one domain")
        print "\n" wrapped(sprintf("Processor: %s; the host has %d of them, and its load before the run was " \
            "%s. Compiler: %s.", setup["processor"], setup["processors"], setup["load"], setup["compiler"]))
    } else if (what == "picture-misses")
        draw_misses()
    else if (what == "picture-scale")
        draw_shapes("Instructions for a request, in multiples of what it costs on one CPU", "CPUs", \
            "a guest for each CPU", "one guest with all CPUs", 0)
    else if (what == "picture-rates")
        draw_shapes("Requests a second, in multiples of one thread&#8217;s", "threads", \
            "a domain for each thread", "one domain for all", setup["processors"])
    else if (what == "picture-operations") draw_operations()
    else if (what == "picture-boot") draw_boot()
    else if (what == "picture-dom0") draw_dom0()
    else if (what == "picture-entries") draw_entries()
    else if (what == "picture-engine") draw_engine()
}

# Two columns, and how much the second is above the first.
function dearer(before, after) {
    if (!before || !after) return (before ? " " amount(before) : "") " | | |"
    return " " amount(before) " | " amount(after) " | " sprintf("%+.1f %% |", 100 * (after / before - 1))
}
function amount(value) { return value >= 1e7 ? millions(value) : grouped(value) }

function table_of_shapes(heading, of, each, one,    i, k, m, row) {
    row = "| " heading " | " of ":"
    for (m = 1; m <= marks; m++) row = row (m > 1 ? " | " : " ") mark[m]
    print row " |"
    printf "|---"
    for (m = 1; m <= marks; m++) printf "|--:"
    print "|"
    for (i = 1; i <= subjects; i++)
        for (k = 1; k <= 2; k++) {
            printf "| %s, %s ", subject[i], k == 1 ? each : one
            for (m = 1; m <= marks; m++) printf "| %s ", grouped(figure[subject[i], shape[k], mark[m]])
            print "|"
        }
}

# ---- pictures -------------------------------------------------------------------------------------

function begin_picture(width, height, sentence) {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" " \
        "font-family=\"sans-serif\" font-size=\"12\">\n", width, height, width, height
    printf "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height
    words(12, 22, "start", sentence, "font-size=\"14\" font-weight=\"bold\"")
}
function words(x, y, anchor, what_is_said, more) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#1e293b\" %s>%s</text>\n", x, y, anchor, \
        more, what_is_said
}
function bar(x, y, width, height, fill) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x, y, width, height, fill
}
function legend(x, y, fill, what_is_meant) {
    bar(x, y - 10, 12, 12, fill)
    words(x + 17, y, "start", what_is_meant)
}
# Draws a bar of three parts: instructions of the hypervisor, the kernel and user mode. Returns the x at
# which it ends.
function stacked(x, y, scale, who, op) {
    bar(x, y, user[who, op] * scale, 11, colour["user"]); x += user[who, op] * scale
    bar(x, y, kernel[who, op] * scale, 11, colour["kernel"]); x += kernel[who, op] * scale
    bar(x, y, hypervisor[who, op] * scale, 11, colour["hypervisor"])
    return x + hypervisor[who, op] * scale
}
function draw_operations(    i, k, op, y, sum, scale, x) {
    begin_picture(860, 70 + operations * 52, "Who executed what, instructions per operation (longest bar = full width)")
    legend(12, 44, colour["hypervisor"], "hypervisor")
    legend(112, 44, colour["kernel"], "guest&#8217;s kernel")
    legend(232, 44, colour["user"], "user")
    for (i = 1; i <= operations; i++) {
        op = operation[i]; y = 58 + (i - 1) * 52; most = 0
        for (k = 1; k <= 3; k++) {
            sum = hypervisor[machine[k], op] + kernel[machine[k], op] + user[machine[k], op]
            if (sum > most) most = sum
        }
        scale = 440 / most
        words(232, y + 24, "end", title[op], "font-size=\"11\"")
        for (k = 1; k <= 3; k++) {
            words(276, y + 10 + (k - 1) * 14, "end", shown[k], "font-size=\"10\"")
            x = stacked(282, y + (k - 1) * 14, scale, machine[k], op)
            words(x + 5, y + 10 + (k - 1) * 14, "start", grouped(int(all[machine[k], op] + 0.5)), "font-size=\"10\"")
        }
    }
    print "</svg>"
}
# One column for each processor; in it, bars for each operation, relative to the longest of both columns.
function draw_misses(    i, k, y, left, most, scale, x) {
    begin_picture(860, 86 + tlb_rows[tlb[1]] * 52, "Walks of the page tables for one operation, and who " \
        "executed (longest bar = full width)")
    legend(12, 44, colour["hypervisor"], "hypervisor")
    legend(112, 44, colour["kernel"], "guest&#8217;s kernel")
    legend(232, 44, colour["user"], "user")
    for (i = 1; i <= tlbs; i++) words(282 + (i - 1) * 290, 66, "start", named[tlb[i]], "font-size=\"11\" font-weight=\"bold\"")
    for (row = 1; row <= tlb_rows[tlb[1]]; row++) {
        y = 74 + (row - 1) * 52; most = 0
        for (i = 1; i <= tlbs; i++)
            for (k = 1; k <= 3; k++) if (walks[tlb[i], machine[k], row] > most) most = walks[tlb[i], machine[k], row]
        scale = 210 / (most < 10 ? 10 : most)
        words(232, y + 24, "end", tlb_title[row], "font-size=\"11\"")
        for (k = 1; k <= 3; k++) {
            words(276, y + 10 + (k - 1) * 14, "end", shown[k], "font-size=\"10\"")
            for (i = 1; i <= tlbs; i++) {
                left = 282 + (i - 1) * 290
                x = stacked(left, y + (k - 1) * 14, scale, tlb[i] SUBSEP machine[k], row)
                words(x + 5, y + 10 + (k - 1) * 14, "start", tenths(walks[tlb[i], machine[k], row]), "font-size=\"10\"")
            }
        }
    }
    print "</svg>"
}
function draw_boot(    k, x, y, sum) {
    begin_picture(860, 150, "Reset to the guest&#8217;s first process, millions of instructions")
    legend(12, 44, colour["hypervisor"], "hypervisor")
    legend(112, 44, colour["kernel"], "guest&#8217;s kernel")
    legend(232, 44, colour["user"], "firmware")
    for (k = 1; k <= 3; k++) {
        sum = hypervisor[machine[k], "boot"] + kernel[machine[k], "boot"] + user[machine[k], "boot"]
        if (sum > most) most = sum
    }
    for (k = 1; k <= 3; k++) {
        y = 64 + (k - 1) * 26
        words(66, y + 10, "end", shown[k])
        x = stacked(74, y, 560 / most, machine[k], "boot")
        words(x + 6, y + 10, "start", sprintf("%.0f + %.0f + %.0f", user[machine[k], "boot"] / 1e6, \
            kernel[machine[k], "boot"] / 1e6, hypervisor[machine[k], "boot"] / 1e6), "font-size=\"10\"")
    }
    print "</svg>"
}
function draw_dom0(    i, k, y, sum, most, x) {
    begin_picture(860, 62 + steps_of_dom0 * 40, "dom0 and a guest&#8217;s devices, millions of instructions (longest bar = full width)")
    legend(12, 44, colour["hypervisor"], "hypervisor")
    legend(112, 44, colour["kernel"], "kernels of dom0 and the guest")
    legend(342, 44, colour["user"], "their user programs")
    for (i = 1; i <= steps_of_dom0; i++) {
        y = 60 + (i - 1) * 40; most = 0
        for (k = 2; k <= 3; k++) {
            sum = hypervisor[machine[k], i] + kernel[machine[k], i] + user[machine[k], i]
            if (sum > most) most = sum
        }
        gsub(/`/, "", step_title[i])
        words(292, y + 18, "end", step_title[i], "font-size=\"11\"")
        for (k = 2; k <= 3; k++) {
            words(336, y + 10 + (k - 2) * 14, "end", shown[k], "font-size=\"10\"")
            x = stacked(342, y + (k - 2) * 14, 380 / most, machine[k], i)
            words(x + 5, y + 10 + (k - 2) * 14, "start", sprintf("hypervisor %.1f", \
                hypervisor[machine[k], i] / 1e6), "font-size=\"10\"")
        }
    }
    print "</svg>"
}
function draw_entries(    i, k, y, most) {
    begin_picture(860, 46 + entries * 40, "From the entry to dom0&#8217;s first instruction, millions of instructions of the hypervisor")
    for (i = 1; i <= entries; i++)
        for (k = 2; k <= 3; k++) if (hypervisor[machine[k], i] > most) most = hypervisor[machine[k], i]
    for (i = 1; i <= entries; i++) {
        y = 44 + (i - 1) * 40
        words(292, y + 18, "end", entry_title[i], "font-size=\"11\"")
        for (k = 2; k <= 3; k++) {
            words(336, y + 10 + (k - 2) * 14, "end", shown[k], "font-size=\"10\"")
            bar(342, y + (k - 2) * 14, 430 * hypervisor[machine[k], i] / most, 11, colour["hypervisor"])
            words(347 + 430 * hypervisor[machine[k], i] / most, y + 10 + (k - 2) * 14, "start", \
                sprintf("%.0f", hypervisor[machine[k], i] / 1e6), "font-size=\"10\"")
        }
    }
    print "</svg>"
}
function draw_engine(    i, y, longest, rows) {
    for (i = 1; i <= works; i++) if (threads[i] == 1) rows++
    begin_picture(860, 64 + rows * 40, "The engine natively, one thread, in multiples of the floor")
    legend(12, 44, colour["ticks"], "engine")
    legend(112, 44, colour["floor"], "floor: the same cache lines read, the same counters incremented")
    for (i = 1; i <= works; i++)
        if (threads[i] == 1 && ticks[i] / floor[i] > longest) longest = ticks[i] / floor[i]
    for (i = 1; i <= works; i++) {
        if (threads[i] != 1) continue
        y = 58 + row++ * 40
        words(226, y + 18, "end", work_title[i])
        bar(234, y, ticks[i] / floor[i] / longest * 480, 12, colour["ticks"])
        bar(234, y + 14, 480 / longest, 12, colour["floor"])
        words(240 + ticks[i] / floor[i] / longest * 480, y + 11, "start", sprintf("%.2f (%s ticks)", \
            ticks[i] / floor[i], grouped(int(ticks[i] + 0.5))), "font-size=\"10\"")
        words(240 + 480 / longest, y + 25, "start", grouped(int(floor[i] + 0.5)) " ticks", "font-size=\"10\"")
    }
    print "</svg>"
}
# Draws a panel for each subject, with a line for each of the two shapes; a line shows figures relative to its
# first one. most: the number of the host's CPUs, beyond which threads must share them; 0: not drawn.
function draw_shapes(sentence, of, each, one, most,    i, k, m, top, left, x, y, high, width, path, value) {
    width = 240; high = 110
    for (i = 1; i <= subjects; i++)
        for (k = 1; k <= 2; k++)
            for (m = 1; m <= marks; m++) {
                value = figure[subject[i], shape[k], mark[m]] / figure[subject[i], shape[k], mark[1]]
                if (value > top) top = value
            }
    top = top < 1.5 ? 1.5 : top * 1.05
    begin_picture(860, 64 + int((subjects + 2) / 3) * 170, sentence)
    legend(12, 44, colour["each"], each)
    legend(212, 44, colour["one"], one)
    for (i = 1; i <= subjects; i++) {
        left = 34 + (i - 1) % 3 * 280; y = 84 + int((i - 1) / 3) * 170
        words(left, y - 8, "start", subject[i], "font-size=\"10\"")
        bar(left, y + high, width, 1, "#1e293b"); bar(left, y, 1, high, "#1e293b")
        words(left - 4, y + high, "end", "0", "font-size=\"10\"")
        bar(left, y + high - high / top, width, 1, "#e2e8f0")
        words(left - 4, y + high - high / top + 4, "end", "1", "font-size=\"10\"")
        for (m = 1; m <= marks; m++) {
            x = left + m * width / (marks + 1)
            words(x, y + high + 14, "middle", mark[m], "font-size=\"10\"")
            if (most && mark[m] == most && m < marks) {
                bar(x + width / (marks + 1) / 2, y, 1, high, "#cbd5e1")
                words(x + width / (marks + 1) / 2 + 3, y + high - 5, "start", "more than the host&#8217;s CPUs", \
                    "font-size=\"9\"")
            }
        }
        words(left + width, y + high + 14, "end", of, "font-size=\"10\"")
        for (k = 2; k >= 1; k--) {
            path = ""
            for (m = 1; m <= marks; m++) {
                value = figure[subject[i], shape[k], mark[m]] / figure[subject[i], shape[k], mark[1]]
                path = path sprintf("%.1f,%.1f ", left + m * width / (marks + 1), y + high - value / top * high)
            }
            printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d\"/>\n", \
                path, colour[shape[k]], k == 1 ? 2 : 4
            words(left + marks * width / (marks + 1) + 4, y + high - value / top * high + (k == 1 ? -4 : 12), \
                "start", sprintf("%.2f", value), "font-size=\"10\"")
        }
    }
    print "</svg>"
}
