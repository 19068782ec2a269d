package cli

import (
	"strings"
	"time"
)

// hour is one bar: the tasks created in it, by state.
type hour struct {
	from time.Time
	n    map[string]int
	all  int
}

// hoursOf are the hours of a window by the reader's clock, empty ones included.
func hoursOf(l listed) []hour {
	start := func(t time.Time) time.Time {
		t = t.In(l.zone)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, l.zone)
	}
	var hours []hour
	first := start(l.Window.From)
	for at := first; at.Before(l.Window.To); at = at.Add(time.Hour) {
		hours = append(hours, hour{from: at, n: map[string]int{}})
	}
	for _, t := range l.Tasks {
		i := int(t.Created.Sub(first) / time.Hour)
		if t.Created.Before(first) || i >= len(hours) {
			continue // a creation time that could not be read
		}
		hours[i].n[stateOf(t.Status)]++
		hours[i].all++
	}
	return hours
}

// The drawing: widths are per cent, so that it fits every screen while its texts keep
// their size.
const (
	barsTop    = 18.0
	barsHeight = 130.0
)

func (p *page) hours() {
	hours := hoursOf(p.listed)
	most := 0
	for _, h := range hours {
		most = max(most, h.all)
	}
	if most == 0 {
		return
	}
	p.put("<section>\n<h2>%[1]s</h2>\n<svg height=\"%[2]d\" role=\"img\" aria-label=\"%[1]s\">\n", p.label("Tasks per hour"), int(barsTop+barsHeight+22))
	for _, share := range []float64{1, 0.5, 0} {
		y := barsTop + barsHeight*(1-share)
		p.put("<line x1=\"0\" x2=\"100%%\" y1=\"%.1[1]f\" y2=\"%.1[1]f\"/>", y)
		if n := float64(most) * share; share > 0 && n == float64(int(n)) {
			p.put("<text x=\"0\" y=\"%.1f\">%d</text>", y-4, int(n))
		}
	}
	p.put("\n")
	step := 100 / float64(len(hours))
	for i, h := range hours {
		p.bar(h, step*float64(i), step, float64(most))
	}
	p.hourLabels(hours)
	p.put("</svg>\n<ul class=\"legend\">")
	for _, s := range states {
		p.put("<li><svg aria-hidden=\"true\"><rect class=\"%s\" width=\"10\" height=\"10\"/></svg>%s</li>", pageClass[s], p.label(s))
	}
	p.put("</ul>\n</section>\n")
}

func (p *page) bar(h hour, x, width, most float64) {
	if h.all == 0 {
		return
	}
	var parts []string
	y := barsTop + barsHeight
	p.put("<g class=\"hour\">")
	for _, s := range states {
		if h.n[s] == 0 {
			continue
		}
		height := barsHeight * float64(h.n[s]) / most
		y -= height
		p.put("<rect class=\"%s\" x=\"%.3f%%\" y=\"%.2f\" width=\"%.3f%%\" height=\"%.2f\"/>", pageClass[s], x+width*0.1, y, width*0.8, height)
		parts = append(parts, p.say("%d "+s, h.n[s]))
	}
	p.put("<title>%s</title></g>\n", text(h.from.Format("2006-01-02 15:04")+" · "+strings.Join(parts, p.say(", "))))
}

// hourLabels name the first, the last and the hours between them at thirds.
func (p *page) hourLabels(hours []hour) {
	places := []struct {
		share  float64
		anchor string
	}{{0, "start"}, {1. / 3, "middle"}, {2. / 3, "middle"}, {1, "end"}}
	last := -1
	for _, place := range places {
		i := int(place.share * float64(len(hours)-1))
		if i == last {
			continue
		}
		last = i
		x := 100 * (float64(i) + place.share) / float64(len(hours))
		p.put("<text x=\"%.2f%%\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, int(barsTop+barsHeight+16), place.anchor, hours[i].from.Format("01-02 15:04"))
	}
}
